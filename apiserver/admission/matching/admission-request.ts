import type { KindInfo, KubeObject } from '../../../api/index.ts';
import type { OperationOptions, RequestContext } from '../../registry/strategy.ts';
import { type AdmissionAttributes, type KindName, objectKind } from '../plugin.ts';

interface ResourceName {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** A request as webhooks and expressions are told of it: upstream's `admission.k8s.io/v1` AdmissionRequest, in the order of its fields. */
export interface AdmissionRequest {
  readonly uid: string;
  /** What its objects are shown as. */
  readonly kind: KindName;
  readonly resource: ResourceName;
  readonly subResource?: string | undefined;
  /** What they are in the request. */
  readonly requestKind: KindName;
  readonly requestResource: ResourceName;
  readonly requestSubResource?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly operation: string;
  readonly userInfo: {
    readonly username?: string | undefined;
    readonly uid?: string | undefined;
    readonly groups?: readonly string[] | undefined;
    readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  };
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
  readonly dryRun: boolean;
  readonly options: OperationOptions | null;
}

/** What of a request is shown, and how. */
export interface Shown {
  readonly uid: string;
  /** The version the objects are in: the request's, or the one that a rule asked for. */
  readonly kind: KindInfo;
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
}

/** Tells of a request. Upstream: `admission/plugin/webhook/request/admissionreview.go`, `admission/plugin/cel/condition.go`. */
export function admissionRequest(
  { user, dryRun }: RequestContext,
  attributes: AdmissionAttributes,
  { uid, kind, object, old }: Shown,
): AdmissionRequest {
  const { subresource, operation } = attributes;
  return {
    uid,
    kind: shownKind(kind, subresource),
    resource: resourceName(kind),
    subResource: subresource || undefined,
    requestKind: shownKind(attributes.kind, subresource),
    requestResource: resourceName(attributes.kind),
    requestSubResource: subresource || undefined,
    name: attributes.name || undefined,
    namespace: attributes.namespace || undefined,
    operation,
    userInfo: {
      username: user.name || undefined,
      uid: user.uid || undefined,
      groups: user.groups.length > 0 ? user.groups : undefined,
      extra: user.extra && Object.keys(user.extra).length > 0 ? user.extra : undefined,
    },
    object: object ?? null,
    oldObject: old ?? null,
    dryRun,
    options: attributes.options ?? null,
  };
}

/** In the order of Go's struct. */
function shownKind(info: KindInfo, subresource: string): KindName {
  const { group, version, kind } = objectKind(info, subresource);
  return { group, version, kind };
}

const resourceName = ({ group, version, resource }: KindInfo): ResourceName => ({ group, version, resource });
