// Whether webhooks and policies are for a request: upstream's `generic/webhook.go` (ShouldCallHook), `policy/matching/matching.go` and the
// predicates below `admission/plugin/webhook/predicates`.
import {
  apiError,
  coreKinds,
  fromLabelSelector,
  type KindInfo,
  type KubeObject,
  type LabelSelector,
  type LabelSelectorQuery,
  type Live,
  type Namespace,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { type AdmissionAttributes, isNamespaceKind } from '../plugin.ts';
import { type MatchRule, matchesRule } from './match-rules.ts';
import type { ServedVersions } from './served-versions.ts';

/** The groups whose kinds say what admission does: nobody is asked about those, or one that refuses everything could not be put right. */
const ADMISSION_GROUP = 'admissionregistration.k8s.io';
const ADMISSION_KINDS: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

/** Whether a request is one that no webhook and no policy is asked about. */
export const isExempt = ({ kind }: AdmissionAttributes): boolean => kind.group === ADMISSION_GROUP && ADMISSION_KINDS.has(kind.kind);

/** What requests a webhook or a policy is for, as its object says it. */
export interface MatchResources {
  readonly namespaceSelector?: LabelSelector | null | undefined;
  readonly objectSelector?: LabelSelector | null | undefined;
  /** One that matches is enough. Absent or empty: everything, for policies; webhooks always say which. */
  readonly resourceRules?: readonly MatchRule[] | null | undefined;
  /** Requests that it is not for, whatever the others say. */
  readonly excludeResourceRules?: readonly MatchRule[] | null | undefined;
  /** `Exact`: rules are for what the path names; `Equivalent`: also for other resources that hold the same objects. */
  readonly matchPolicy?: string | null | undefined;
}

/** {@link MatchResources}, ready to be asked. */
export interface MatchCriteria {
  readonly namespaceSelector: LabelSelectorQuery;
  readonly objectSelector: LabelSelectorQuery;
  readonly rules: readonly MatchRule[];
  readonly excluded: readonly MatchRule[];
  readonly isExact: boolean;
}

/** Reads criteria once. @param resourceRules the rules, when they are not in the object under that name. */
export const matchCriteria = ({
  namespaceSelector,
  objectSelector,
  resourceRules,
  excludeResourceRules,
  matchPolicy,
}: MatchResources): MatchCriteria => ({
  namespaceSelector: fromLabelSelector(namespaceSelector ?? {}),
  objectSelector: fromLabelSelector(objectSelector ?? {}),
  rules: resourceRules ?? [],
  excluded: excludeResourceRules ?? [],
  isExact: matchPolicy !== 'Equivalent',
});

/** Asks criteria about one request. Make one for each request, with {@link matcherOf}, which knows its namespace. */
export class RequestMatcher {
  readonly attributes: AdmissionAttributes;
  /** The namespace as it is stored; undefined where there is none. */
  readonly namespace: Live<Namespace> | undefined;
  readonly #versions: ServedVersions;
  #equivalents: readonly KindInfo[] | undefined;

  constructor(attributes: AdmissionAttributes, namespace: Live<Namespace> | undefined, versions: ServedVersions) {
    this.attributes = attributes;
    this.namespace = namespace;
    this.#versions = versions;
  }

  /**
   * Whether the criteria are met, and as what: the resource of the request, or an equivalent one that a rule names, whose version the objects
   * are then to be shown in.
   *
   * @param object what the object has become, when that is no longer the one in the attributes.
   * @throws ApiError (404) when it takes the labels of a namespace that is not there.
   */
  match(criteria: MatchCriteria, object: KubeObject | undefined = this.attributes.object): KindInfo | undefined {
    if (criteria.excluded.length > 0 && this.#matchRules(criteria.excluded, criteria.isExact)) return undefined;
    const kind = criteria.rules.length === 0 ? this.attributes.kind : this.#matchRules(criteria.rules, criteria.isExact);
    if (!kind || !this.#matchObject(criteria.objectSelector, object)) return undefined;
    return this.#matchNamespace(criteria.namespaceSelector, object) ? kind : undefined;
  }

  #matchRules(rules: readonly MatchRule[], isExact: boolean): KindInfo | undefined {
    const { attributes } = this;
    if (rules.some((rule) => matchesRule(rule, attributes, attributes.kind))) return attributes.kind;
    if (isExact) return undefined;
    this.#equivalents ??= this.#versions.equivalents(attributes.kind, attributes.subresource);
    for (const rule of rules) {
      const found = this.#equivalents.find((kind) => kind !== attributes.kind && matchesRule(rule, attributes, kind));
      if (found) return found;
    }
    return undefined;
  }

  /** The object as it was or as it is to be. */
  #matchObject(selector: LabelSelectorQuery, object: KubeObject | undefined): boolean {
    if (selector.empty) return true;
    return [object, this.attributes.old].some((each) => each?.metadata !== undefined && selector.matches(each.metadata.labels));
  }

  /** What is in no namespace is selected, but for namespaces. */
  #matchNamespace(selector: LabelSelectorQuery, object: KubeObject | undefined): boolean {
    const { kind, namespace, operation, subresource } = this.attributes;
    const isNamespace = isNamespaceKind(kind);
    if (selector.empty || (namespace === '' && !isNamespace)) return true;
    // A namespace that is written is selected by what it is to be.
    const isWritten = isNamespace && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
    if (isWritten) return selector.matches(object?.metadata.labels);
    if (!this.namespace) throw apiError.notFound(coreKinds.namespaces, namespace);
    return selector.matches(this.namespace.metadata.labels);
  }
}

/** What is to be asked about a request. Another API server may have just made the namespace: then it is looked for again. */
export function matcherOf(
  { objects, versions }: { readonly objects: ObjectReader; readonly versions: ServedVersions },
  attributes: AdmissionAttributes,
): RequestMatcher | Promise<RequestMatcher> {
  const { namespace } = attributes;
  const find = () => (namespace === '' ? undefined : objects.get<Namespace>(coreKinds.namespaces, '', namespace));
  const found = find();
  const pending = found || namespace === '' ? undefined : objects.fresh();
  if (pending !== undefined) return pending.then(() => new RequestMatcher(attributes, find(), versions));
  return new RequestMatcher(attributes, found, versions);
}
