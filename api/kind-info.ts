import type { AnyMessage } from './schema/message.ts';

/** The verbs of the Kubernetes API, as discovery and RBAC spell them. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** A column of a kind's Table, as `kubectl get` shows it. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string | undefined;
  /** 0 is shown always, more only with `-o wide`. */
  readonly priority: number;
  /** What it shows; what the field of the kind says of itself unless given. */
  readonly description?: string | undefined;
}

/** A subresource, as discovery lists it. */
export interface SubresourceInfo {
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** Kind of the body; with group and version where they differ from the parent's. */
  readonly kind: string;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * A kind as data: how it is named, where it is served and what can be done with it. Shared code reads these facts and never
 * branches on a kind. Plain data without schemas, so that a process that only talks to the API loads nothing else.
 */
export interface KindInfo {
  /** API group; `''` is core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /**
   * For kinds that were defined by a custom resource: the version their objects are stored in, `''` if that is not served. Discovery tells of
   * them more fully than of those that are built in.
   */
  readonly storageVersion?: string | undefined;
  /** For versions of a built-in kind that are views of another one: the apiVersion its objects are stored in. */
  readonly storedAs?: string | undefined;
  /**
   * The version that its objects lie in the store in, where that is none of those above, but an older one: for the release before, which reads
   * no other (`pkg/kubeapiserver/default_storage_factory_builder.go`). Discovery's hash is of it.
   */
  readonly writtenAs?: string | undefined;
  /** For versions that are going, or gone upstream: since when, and what is there instead. */
  readonly lifecycle?: KindLifecycle | undefined;
  /** Kind of its lists; the kind with `List` behind it unless given. */
  readonly listKind?: string | undefined;
  /** Plural name in URLs. */
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly shortNames?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly subresources: readonly SubresourceInfo[];
  /** Absent for kinds that have no Table of their own (reviews). */
  readonly columns?: readonly TableColumn[] | undefined;
}

/** Releases in which a version of a kind was deprecated and removed (`1.21`), and what replaces it (`policy/v1 PodDisruptionBudget`). */
export interface KindLifecycle {
  readonly deprecated: string;
  readonly removed: string;
  readonly replacement?: string | undefined;
}

/** A kind together with the schema of its objects: what the API server needs to serve it. */
export interface ServedKind {
  readonly info: KindInfo;
  readonly message: AnyMessage;
}

/** `v1` or `group/version`. */
export const apiVersionOf = (kind: Pick<KindInfo, 'group' | 'version'>): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

/** The other way round: what has no slash is a version of core. */
export function parseApiVersion(apiVersion: string): Pick<KindInfo, 'group' | 'version'> {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}

/** `pods` or `deployments.apps`: how upstream's messages name a resource. */
export const groupResourceOf = (kind: Pick<KindInfo, 'group' | 'resource'>): string =>
  kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`;

/** `/api/v1` or `/apis/group/version`. */
export const basePathOf = (kind: Pick<KindInfo, 'group' | 'version'>): string =>
  kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
