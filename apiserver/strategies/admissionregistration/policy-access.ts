// Who writes a policy or a binding must be able to read the parameters it names, or could find out about them by what is refused. Upstream:
// `pkg/registry/admissionregistration/{validatingadmissionpolicy,validatingadmissionpolicybinding}/authz.go` and their mutating twins.
import {
  type FieldError,
  fieldError,
  type KindInfo,
  type KubeObject,
  type ParamKind,
  type ParamRef,
  parseApiVersion,
} from '../../../api/index.ts';
import type { AccessAttributes, LocalAuthorizer, UserInfo } from '../../auth/types.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';

/** What the checks need. */
export interface PolicyAccess {
  /** Validation does not wait: webhooks are not asked, and have no opinion. */
  readonly authorizer: Pick<LocalAuthorizer, 'authorize'>;
  /** The kinds that are served now. */
  kinds(): readonly KindInfo[];
}

interface HasParamKind {
  readonly paramKind?: ParamKind | undefined;
}

interface Policy extends KubeObject {
  readonly spec: HasParamKind;
}

interface HasParamRef {
  readonly policyName?: string | undefined;
  readonly paramRef?: ParamRef | undefined;
}

/** Whether the user may read all parameters of a policy; asked for when its kind of parameters changes. */
export type ParamKindErrors = (user: UserInfo, spec: HasParamKind, old?: HasParamKind) => FieldError[];
/** Whether the user may read the parameters that a binding names. */
export type BindingRefErrors = (user: UserInfo, spec: HasParamRef) => FieldError[];

const PRIVILEGED = 'system:masters';

type Asked = Pick<AccessAttributes, 'group' | 'version' | 'resource'>;
const EVERYTHING: Asked = { group: '*', version: '*', resource: '*' };

export const paramKindErrors =
  (access: PolicyAccess): ParamKindErrors =>
  (user, { paramKind }, old) => {
    if (!paramKind || semanticEqual(paramKind, old?.paramKind)) return [];
    if (may(access, user, { ...resourceOf(access, paramKind), name: '*', namespace: '*' })) return [];
    const { kind = '', apiVersion = '' } = paramKind;
    const why = `must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
    return [fieldError.forbidden('spec.paramKind', `user ${userText(user)} ${why}`)];
  };

/** @param policies the kind of the policies that the bindings name. */
export const bindingRefErrors =
  (access: PolicyAccess, objects: ObjectReader, policies: KindInfo): BindingRefErrors =>
  (user, { policyName = '', paramRef }) => {
    if (!paramRef) return [];
    const paramKind = objects.get<Policy>(policies, '', policyName)?.spec.paramKind;
    const { name = '', namespace = '' } = paramRef;
    if (may(access, user, { ...(paramKind ? resourceOf(access, paramKind) : EVERYTHING), name, namespace })) return [];
    const why = 'does not have "get" permission on the object referenced by paramRef';
    return [fieldError.forbidden('spec.paramRef', `user ${userText(user)} ${why}`)];
  };

/** Access is asked for only when all else is well. */
export const withAccess = (errors: FieldError[], more: () => FieldError[]): FieldError[] => (errors.length > 0 ? errors : more());

/** As narrow as it is known what the kind is. */
function resourceOf({ kinds }: PolicyAccess, { apiVersion = '', kind }: ParamKind): Asked {
  const { group, version } = parseApiVersion(apiVersion);
  const info = kinds().find((each) => each.kind === kind && each.group === group && each.version === version);
  return { group, version, resource: info?.resource ?? '*' };
}

function may({ authorizer }: PolicyAccess, user: UserInfo, asked: Asked & Pick<AccessAttributes, 'name' | 'namespace'>): boolean {
  if (user.groups.includes(PRIVILEGED)) return true;
  return authorizer.authorize({ user, verb: 'get', resourceRequest: true, path: '', subresource: '', ...asked }).allowed;
}

/** As Go prints the user. */
function userText({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const extras = Object.entries(extra).map(([key, values]) => `${key}:[${values.join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${extras.sort().join(' ')}]}`;
}
