import {
  apiError,
  appsKinds,
  batchKinds,
  coreKinds,
  type KubeObject,
  type Live,
  type Namespace,
  type Pod,
  type PodTemplateSpec,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { aggregate } from '../refusal.ts';
import { type CheckedPod, checkedPod, type Violation } from './check.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import { detailsOf, violationsOf } from './evaluator.ts';
import type { PodSecurityMetrics } from './metrics.ts';
import { NamespaceCheck } from './namespace.ts';
import { isFullyPrivileged, type LevelVersion, type Policy, PRIVILEGED, policyOf, type ReadPolicy, writeLevel } from './policy.ts';

/** Subresources that do not change what a pod may do. */
const HARMLESS: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

const PRIVILEGED_TEXT = writeLevel(PRIVILEGED);

type Templated = { readonly spec: { readonly template?: PodTemplateSpec | undefined } };

const ofSpec = (object: KubeObject): PodTemplateSpec | undefined => (object as KubeObject & Templated).spec.template;

/** Where the pods that a kind makes are described. */
const TEMPLATES: ReadonlyMap<unknown, (object: KubeObject) => PodTemplateSpec | undefined> = new Map([
  [coreKinds.podtemplates, (object: KubeObject) => (object as KubeObject & { template?: PodTemplateSpec | undefined }).template],
  [coreKinds.replicationcontrollers, ofSpec],
  [appsKinds.replicasets, ofSpec],
  [appsKinds.deployments, ofSpec],
  [appsKinds.statefulsets, ofSpec],
  [appsKinds.daemonsets, ofSpec],
  [batchKinds.jobs, ofSpec],
  [batchKinds.cronjobs, (object: KubeObject) => ofSpec((object as KubeObject & { spec: { jobTemplate: KubeObject } }).spec.jobTemplate)],
]);

/**
 * Holds the pods of a namespace to the level that its labels name: Privileged, Baseline or Restricted. Upstream: k8s.io/pod-security-admission,
 * KEP-2579.
 */
export function podSecurity(objects: ObjectReader, configuration: PodSecurityConfiguration, metrics: PodSecurityMetrics): AdmissionPlugin {
  const plugin = new PodSecurity(objects, configuration, metrics);
  return { name: 'PodSecurity', validate: (context, attributes) => plugin.validate(context, attributes) };
}

class PodSecurity {
  readonly #objects: ObjectReader;
  readonly #configuration: PodSecurityConfiguration;
  readonly #metrics: PodSecurityMetrics;
  readonly #namespaces: NamespaceCheck;
  /** Policies of namespaces as they are in the cache, each read once. */
  readonly #policies = new WeakMap<object, ReadPolicy>();

  constructor(objects: ObjectReader, configuration: PodSecurityConfiguration, metrics: PodSecurityMetrics) {
    this.#objects = objects;
    this.#configuration = configuration;
    this.#metrics = metrics;
    this.#namespaces = new NamespaceCheck(objects, configuration);
  }

  validate(context: RequestContext, attributes: AdmissionAttributes): void {
    const { operation, kind, object, subresource } = attributes;
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object) return;
    if (kind === coreKinds.pods) this.#validatePod(context, attributes, object as Pod);
    else if (subresource !== '') return;
    else if (kind === coreKinds.namespaces) this.#namespaces.validate(context, attributes);
    else this.#validateTemplate(context, attributes, object);
  }

  #validatePod(context: RequestContext, attributes: AdmissionAttributes, pod: Pod): void {
    if (HARMLESS.has(attributes.subresource) || this.#isExempt(context, attributes)) return;
    const read = this.#policyOf(attributes.namespace);
    if (!read) {
      this.#metrics.failed(attributes, true);
      throw apiError.internal(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`);
    }
    if (read.errors.length === 0 && isFullyPrivileged(read.policy)) {
      this.#metrics.evaluated('enforce', read.policy.enforce, { isAllowed: true, request: attributes });
      note(context, 'enforce-policy', PRIVILEGED_TEXT);
      return;
    }
    if (attributes.operation === 'UPDATE' && !isSignificant(pod, attributes.old as Pod | undefined)) return;
    this.#evaluate(context, attributes, { read, pod: checkedPod(pod.metadata.annotations, pod.spec), enforces: true });
  }

  /** Pods that are yet to be made are noted and warned of; it is they themselves who are refused. */
  #validateTemplate(context: RequestContext, attributes: AdmissionAttributes, object: KubeObject): void {
    const templateOf = TEMPLATES.get(attributes.kind);
    if (!templateOf || this.#isExempt(context, attributes)) return;
    const { namespace } = attributes;
    const read = this.#policyOf(namespace);
    if (!read) {
      this.#metrics.failed(attributes, true);
      note(context, 'error', `failed to lookup namespace ${JSON.stringify(namespace)}: namespaces ${JSON.stringify(namespace)} not found`);
      return;
    }
    const { policy, errors } = read;
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
    const template = templateOf(object);
    if (!template?.spec) return;
    this.#evaluate(context, attributes, { read, pod: checkedPod(template.metadata?.annotations, template.spec), enforces: false });
  }

  /** @throws ApiError (403) when the level to enforce is violated. */
  #evaluate(context: RequestContext, request: AdmissionAttributes, checked: Checked): void {
    const { read, pod, enforces } = checked;
    const { runtimeClasses } = this.#configuration.exemptions;
    if (pod.spec.runtimeClassName && runtimeClasses.includes(pod.spec.runtimeClassName)) {
      this.#metrics.exempted(request);
      note(context, 'exempt', 'runtimeClass');
      return;
    }
    const { enforce, audit, warn } = read.policy;
    if (read.errors.length > 0) {
      this.#metrics.failed(request, false);
      note(context, 'error', `Failed to parse policy: ${aggregate(read.errors.map(({ field, body }) => `${field}: ${body}`))}`);
    }
    if (enforces) note(context, 'enforce-policy', writeLevel(enforce));
    const results = new Map<string, readonly Violation[]>();
    const resultOf = (level: LevelVersion): readonly Violation[] => {
      const key = writeLevel(level);
      const result = results.get(key) ?? violationsOf(level, pod);
      results.set(key, result);
      return result;
    };
    const beyond = (level: LevelVersion) => `PodSecurity "${writeLevel(level)}": ${detailsOf(resultOf(level))}`;
    const violates = (mode: keyof Policy, level: LevelVersion): boolean => {
      const isAllowed = resultOf(level).length === 0;
      if (!isAllowed || mode === 'enforce') this.#metrics.evaluated(mode, level, { isAllowed, request });
      return !isAllowed;
    };
    if (violates('audit', audit)) note(context, 'audit-violations', `would violate ${beyond(audit)}`);
    if (enforces && violates('enforce', enforce)) throw apiError.forbidden(request.kind, request.name, `violates ${beyond(enforce)}`);
    if (violates('warn', warn)) context.warn(`would violate ${beyond(warn)}`);
  }

  #isExempt(context: RequestContext, request: AdmissionAttributes): boolean {
    const { namespace } = request;
    const { namespaces, usernames } = this.#configuration.exemptions;
    const reason = namespaces.includes(namespace) ? 'namespace' : usernames.includes(context.user.name) ? 'user' : undefined;
    if (reason === undefined) return false;
    this.#metrics.exempted(request);
    note(context, 'exempt', reason);
    return true;
  }

  #policyOf(name: string): ReadPolicy | undefined {
    const namespace: Live<Namespace> | undefined = this.#objects.get<Namespace>(coreKinds.namespaces, '', name);
    if (!namespace) return undefined;
    const known = this.#policies.get(namespace);
    if (known) return known;
    const read = policyOf(namespace.metadata.labels, this.#configuration.defaults);
    this.#policies.set(namespace, read);
    return read;
  }
}

interface Checked {
  readonly read: ReadPolicy;
  readonly pod: CheckedPod;
  /** Violations are refused. */
  readonly enforces: boolean;
}

const note = (context: RequestContext, key: string, value: string): void => context.annotate(`pod-security.kubernetes.io/${key}`, value);

/** Whether an update may change what a pod is allowed: its images, or which containers it has. */
function isSignificant({ spec }: Pod, old: Pod | undefined): boolean {
  if (!old) return true;
  const changed = (now: readonly Named[] = [], before: readonly Named[] = []) =>
    now.length !== before.length || now.some(({ image }, i) => image !== before[i]?.image);
  if (changed(spec.containers, old.spec.containers) || changed(spec.initContainers, old.spec.initContainers)) return true;
  const known = new Map((old.spec.ephemeralContainers ?? []).map(({ name, image }) => [name, image]));
  return (spec.ephemeralContainers ?? []).some(({ name, image }) => !known.has(name) || known.get(name) !== image);
}

type Named = { readonly image?: string | undefined };
