import type { FieldError, KindInfo, KubeObject, TableColumn } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { Span } from '../tracing/span.ts';
import type { AllocationMetrics } from './allocation-metrics.ts';
import type { CertificateMetrics } from './certificate-metrics.ts';
import type { Claims } from './claims.ts';
import type { MetadataLook } from './metadata-validation.ts';
import type { ObjectReader, ObjectWriter } from './objects.ts';

/** What a strategy knows of the request it serves. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly dryRun: boolean;
  readonly objects: ObjectReader;
  /** What is being done for the request, as traces tell; absent when it is not traced. */
  readonly span?: Span | undefined;
  /** Adds a `Warning` header. */
  warn(text: string): void;
  /** Adds one that is told even if the object is refused, where {@link warn} is not heard then. */
  warnAnyway(text: string): void;
  /**
   * Adds a fact to the request's entry in the audit log, under a name that says whose it is; what has a value keeps it.
   *
   * @param level how much of the request must be noted for this to be: anything unless given.
   */
  annotate(key: string, value: string, level?: 'Metadata' | 'Request'): void;
  /** The request's options, as admission is told of them for an operation; absent where nobody made a request. */
  options?(operation: 'CREATE' | 'UPDATE' | 'DELETE'): OperationOptions;
  /** Aborted when nobody waits for the answer any longer; absent where nobody made a request. */
  signal?(): AbortSignal;
  /** How long the request may still take. */
  remainingMs?(): number;
}

/** The options of a write (`meta.k8s.io/v1`), with what the client gave of them. */
export interface OperationOptions {
  readonly kind: 'CreateOptions' | 'UpdateOptions' | 'DeleteOptions';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly dryRun?: readonly string[] | undefined;
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly propagationPolicy?: string | undefined;
}

/** How an object of a kind is told to go. */
export interface DeleteContext extends RequestContext {
  /** Grace asked for, in seconds; undefined when the client said nothing. */
  readonly gracePeriodSeconds: number | undefined;
}

/** What changing an object takes: the whole of it, or one subresource of it. All functions may change `object` in place. */
export interface UpdateStrategy<T extends KubeObject> {
  /**
   * What writers through this endpoint cannot own, because it does not change it: names joined by dots (`metadata.labels`). Default:
   * `status` for the object itself of a kind that has a status subresource, `spec` for /status.
   */
  readonly resetFields?: readonly string[] | undefined;
  /** PUT and apply to a name that is not there create it (Lease, Role, Endpoints, Service …); an apply of the object itself does in any case. */
  readonly allowCreateOnUpdate?: boolean | undefined;
  /** An apply of this subresource to a name that is not there creates it, though a PUT does not. */
  readonly allowCreateOnApply?: boolean | undefined;
  /** Restores what this endpoint must not change (the spec on /status), bumps the generation. */
  prepareForUpdate(context: RequestContext, object: T, old: T): void;
  /** Errors may be parted by `NEXT_LOOK`, where the metadata is looked at in between. */
  validateUpdate(context: RequestContext, object: T, old: T): FieldError[];
  /** Told of what was written through this endpoint. */
  afterUpdate?(object: T, old: T): void;
  /** How upstream's update validation of this kind looks at the metadata, besides what is done for all kinds; `changes` unless given. */
  readonly metadataLooks?: readonly MetadataLook[] | undefined;
}

/**
 * A kind's behaviour: upstream's rest strategies. Everything generic (names, metadata, resourceVersion, generation of uid and times,
 * finalizers, dry run) is the registry's; a strategy adds what is the kind's own.
 */
export interface Strategy<T extends KubeObject = KubeObject> extends UpdateStrategy<T> {
  /** Upstream's defaulting functions: on every decoded body, and on every patched object. */
  setDefaults(object: T): void;
  prepareForCreate(context: RequestContext, object: T): void;
  /** What defaulting adds to a new object when upstream reads back what it wrote: nobody has looked at it then. */
  setStoredDefaults?(object: T): void;
  /** Whether a new object was stored without what {@link setStoredDefaults} added: its first write stores that, even if it changes nothing. */
  lacksStoredDefaults?(object: T): boolean;
  validateCreate(context: RequestContext, object: T): FieldError[];
  /** Upstream's name rule: what is wrong with a name or, with `prefix`, with the beginning of one. Default: a DNS subdomain. */
  validateName?(name: string, prefix: boolean): string[];
  /** `generateName` is the name as it stands: for names that nothing can be added to. */
  readonly keepsGivenName?: boolean | undefined;
  /** {@link validateCreate} and {@link validateUpdate} look at the metadata too, in an order of their own. */
  readonly validatesMetadata?: boolean | undefined;
  /** Finalizers need no domain: the rule is core's, and kinds from outside of it do not have it. */
  readonly allowsPlainFinalizers?: boolean | undefined;
  /** Field selectors beyond metadata.name and metadata.namespace, with the value an object has for each. */
  readonly fieldSelectors?: Readonly<Record<string, (object: T) => string>> | undefined;
  /** What is said of a field selector that there is not, in kinds that have words of their own for it. */
  unknownField?(field: string, kind: KindInfo): string;
  /** The field by which most of a kind's watchers select: who does is told of few of the changes. */
  readonly watchIndex?: string | undefined;
  /** The cells of a Table row, as upstream's printers, one per column of the kind's `columns`. */
  tableRow?(object: T, now: number): unknown[];
  /**
   * What Go writes of an object that says nothing, where that is not what it decodes to: upstream's internal version has values where the served
   * one has pointers. Watchers are told of it.
   */
  readonly zero?: Readonly<Record<string, unknown>> | undefined;
  /** The order of a Table's rows, where it is not that of the names. */
  tableOrder?(a: T, b: T): number;
  /** Conditions of a Table row (`metav1.TableRowCondition`): finished pods have one. */
  tableRowConditions?(object: T): readonly unknown[] | undefined;
  /** Annotations that stand for fields of upstream's internal version: who asks for metadata alone is not told of them. */
  readonly fieldAnnotations?: readonly string[] | undefined;
  /** What every request for the kind is warned of: that it is going away. */
  readonly deprecation?: string | undefined;
  /** The API server itself follows these objects: a write is answered once this server knows of it. */
  readonly takesEffectAtOnce?: boolean | undefined;
  /** PUT without a resourceVersion overwrites (most kinds; not Lease). */
  readonly allowUnconditionalUpdate?: boolean | undefined;
  /** DELETE answers the object rather than a Status (Pod, Service, ServiceAccount, Namespace …). */
  readonly deleteReturnsObject?: boolean | undefined;
  /** It does so though OpenAPI says that it answers a Status: upstream's wrapper around a namespace's store does not tell of it. */
  readonly deleteTellsStatus?: boolean | undefined;
  /** `orphan` for ReplicationController and Job; `unsupported` for Events, whose dependents nobody looks after; absent: background. */
  readonly defaultPropagation?: 'orphan' | 'unsupported' | undefined;
  /** Why the object of a name cannot be deleted by that name, if so: whether it is there or not. A delete of the collection takes it along. */
  whyKept?(name: string): string | undefined;
  /** What a delete is warned of that leaves it at that. */
  readonly defaultPropagationWarning?: string | undefined;
  /**
   * Graceful deletion (pods): seconds of grace this delete gives; 0 deletes at once. Absent: the kind goes at once.
   * May change `object` (status of an evicted pod …).
   */
  gracePeriodSeconds?(context: DeleteContext, object: T): number;
  /** The kind has finalizers of its own (a namespace's spec.finalizers): while this holds, a delete only marks the object. */
  holdsDeletion?(object: T): boolean;
  /** A delete that only marks the object gives it the finalizers of its dependents' fate as well. */
  readonly marksPropagation?: boolean | undefined;
  /** Changes an object that holds its own deletion when it is first deleted (a namespace's phase). */
  prepareForDeletion?(context: DeleteContext, object: T): void;
  /** Where the kind has what a Scale shows; spec.replicas, status.replicas and spec.selector unless given. */
  readonly scale?: ScaleView | undefined;
  /** What each object has for itself alone: cluster IPs, node ports. */
  readonly claims?: Claims<T> | undefined;
  /** Seconds that an object lives after it was last written (Events). Absent, or 0: for good. */
  readonly ttlSeconds?: number | undefined;
  /** Versions it is served in beside the stored one, by apiVersion (`autoscaling/v1`); of another group too. */
  readonly views?: Readonly<Record<string, VersionView>> | undefined;
  /** Versions that are served no more, and that objects may still lie in the store in, as JSON: an object of each as it is stored now. */
  readonly formerVersions?: Readonly<Record<string, (object: KubeObject) => KubeObject>> | undefined;
  /** Versions that are served no more and differ in their name only: objects may still lie in the store in them, as JSON or protobuf. */
  readonly formerNames?: readonly string[] | undefined;
  /** An object in the version that the kind is written in ({@link KindInfo.writtenAs}), where that has other fields. Leaves it as it is. */
  toWrittenVersion?(object: T): KubeObject;
  /** Fills in what objects have not that were stored before the kind had it. Upstream: the `Decorator` of a kind's store. */
  defaultOnRead?(object: T): void;
  /** PUT and PATCH on subresources that are views of the whole object: `status`, `finalize`, `ephemeralcontainers` … */
  readonly subresources?: Readonly<Record<string, UpdateStrategy<T>>> | undefined;
}

/** How a kind, or a view of it, is changed. @throws when the kind has no such view: the router lets only declared ones through. */
export function updateStrategy(
  { info, strategy }: { info: KindInfo; strategy: Strategy },
  subresource: string,
): UpdateStrategy<KubeObject> {
  if (subresource === '') return strategy;
  const view = strategy.subresources?.[subresource];
  if (!view) throw new Error(`no strategy for ${info.resource}/${subresource}`);
  return view;
}

/** How a Scale shows an object, and changes it. Both functions may throw an error whose message is told to the client. */
export interface ScaleView {
  /** Where the number of replicas wanted is: names joined by dots. */
  readonly path: string;
  /** The same in another version: null if that cannot be scaled, undefined if there is none. One version is all there is unless given. */
  pathIn?(apiVersion: string): string | null | undefined;
  /** How messages name that place. */
  readonly field: string;
  read(object: KubeObject): ScaleNumbers;
  write(object: KubeObject, replicas: number): void;
  /** How Tables show it; as those of Kubernetes' own kinds unless given. */
  readonly table?: ScaleTable | undefined;
}

export interface ScaleTable {
  readonly columns: readonly TableColumn[];
  row(scale: KubeObject, now: number): unknown[];
}

export interface ScaleNumbers {
  /** Undefined when the object does not say. */
  readonly wanted: number | undefined;
  readonly present: number;
  /** Which pods it is about, as text; `''` when it does not say. */
  readonly selector: string;
}

/** A version in which a kind is served beside the one it is stored in: upstream's conversions. Its objects are views of the stored ones. */
export interface VersionView {
  /** As {@link Strategy.setDefaults}, for objects of this version; the stored version's unless given. */
  setDefaults?(object: KubeObject): void;
  /** The object as it is stored. Takes any object of this version, and leaves it as it is. */
  toStored(object: KubeObject): KubeObject;
  /** And back. */
  fromStored(object: KubeObject): KubeObject;
  /** The object as tables show it, where {@link toStored} loses what they need; by that unless given. */
  toShown?(object: KubeObject): KubeObject;
  /** What is asked of objects that come in this version, where it is not what is asked of stored ones. They are given as stored. */
  readonly rules?: VersionRules | undefined;
  /** Field selectors of this version: the stored version's name for each; as there unless given. */
  readonly fieldSelectors?: Readonly<Record<string, string>> | undefined;
}

/** What may differ by version. */
export type VersionRules<T extends KubeObject = KubeObject> = Partial<
  Pick<Strategy<T>, 'prepareForCreate' | 'prepareForUpdate' | 'validateCreate' | 'validateUpdate' | 'subresources'>
>;

/** Rules of a kind, for a view of that kind: it gives them no others. */
export const rulesOfView = <T extends KubeObject>(rules: VersionRules<T>): VersionRules => rules as unknown as VersionRules;

/** How strategies are made: once per API server, with what they may need. */
export interface StrategyOptions {
  /** One range, or two of different IP families, joined by a comma. */
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: { readonly from: number; readonly to: number };
  /** How long Events live. */
  readonly eventTtlSeconds: number;
  readonly objects: ObjectReader & ObjectWriter;
  /** What counts the cluster IPs and node ports that are given; nothing unless given. */
  readonly allocations?: AllocationMetrics | undefined;
  /** What counts the certificates that signers give; nothing unless given. */
  readonly certificates?: CertificateMetrics | undefined;
}

/** The strategies of all built-in kinds, by `group/resource` (core's group is empty: `/pods`). */
export type StrategyTable = ReadonlyMap<string, Strategy<never>>;

/** Key of a kind in a {@link StrategyTable}. */
export const strategyKey = (kind: Pick<KindInfo, 'group' | 'resource'>): string => `${kind.group}/${kind.resource}`;
