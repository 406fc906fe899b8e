// Who writes a policy or a binding must be able to read the parameters it names, or could find out about them by what is refused. Upstream:
// `pkg/registry/admissionregistration/{validatingadmissionpolicy,validatingadmissionpolicybinding}/authz.go` and their mutating twins.
import { type KindInfo, type ParamKind, type ParamRef, parseApiVersion } from '../../../api/index.ts';
import { type AccessAttributes, type Authorizer, atOnce, type UserInfo } from '../../auth/types.ts';

/** What the checks need. */
export interface PolicyAccess {
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  /** The kinds that are served now. */
  kinds(): readonly KindInfo[];
}

const PRIVILEGED = 'system:masters';

type Asked = Pick<AccessAttributes, 'group' | 'version' | 'resource'>;

/** Why the user may not write a policy with these parameters. */
export function paramKindRefusal(access: PolicyAccess, user: UserInfo, paramKind: ParamKind): string | undefined {
  if (may(access, user, { ...resourceOf(access, paramKind), name: '*', namespace: '*' })) return undefined;
  const { kind = '', apiVersion = '' } = paramKind;
  return `user ${userText(user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
}

/** Why the user may not write a binding that names these parameters. @param paramKind the policy's, if there is one. */
export function paramRefRefusal(
  access: PolicyAccess,
  user: UserInfo,
  { name = '', namespace = '' }: ParamRef,
  paramKind: ParamKind | undefined,
): string | undefined {
  const asked = paramKind ? resourceOf(access, paramKind) : EVERYTHING;
  if (may(access, user, { ...asked, name, namespace })) return undefined;
  return `user ${userText(user)} does not have "get" permission on the object referenced by paramRef`;
}

const EVERYTHING: Asked = { group: '*', version: '*', resource: '*' };

/** As narrow as it is known what the kind is. */
function resourceOf({ kinds }: PolicyAccess, { apiVersion = '', kind }: ParamKind): Asked {
  const { group, version } = parseApiVersion(apiVersion);
  const info = kinds().find((each) => each.kind === kind && each.group === group && each.version === version);
  return { group, version, resource: info?.resource ?? '*' };
}

function may({ authorizer }: PolicyAccess, user: UserInfo, asked: Asked & Pick<AccessAttributes, 'name' | 'namespace'>): boolean {
  if (user.groups.includes(PRIVILEGED)) return true;
  return atOnce(authorizer.authorize({ user, verb: 'get', resourceRequest: true, path: '', subresource: '', ...asked })).allowed;
}

/** As Go prints the user. */
function userText({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const extras = Object.entries(extra).map(([key, values]) => `${key}:[${values.join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${extras.sort().join(' ')}]}`;
}
