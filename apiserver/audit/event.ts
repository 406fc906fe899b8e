import type { Status } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Level, Stage } from './policy.ts';

/** Characters of a User-Agent that are noted: upstream's `maxUserAgentLength`. */
const USER_AGENT_MAX = 1024;
const TRUNCATED = '...TRUNCATED';

export interface AuditUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: UserInfo['extra'];
}

export interface ObjectReference {
  resource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  uid?: string | undefined;
  apiGroup?: string | undefined;
  apiVersion?: string | undefined;
  resourceVersion?: string | undefined;
  subresource?: string | undefined;
}

/** An audit.k8s.io/v1 Event; members in the order in which upstream writes them. */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser | undefined;
  readonly sourceIPs?: readonly string[] | undefined;
  readonly userAgent?: string | undefined;
  readonly objectRef?: ObjectReference | undefined;
  readonly responseStatus?: Partial<Status> | undefined;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A user as audit events show one. */
export const auditUser = ({ name, uid, groups, extra }: UserInfo): AuditUser => ({
  ...(name === '' ? {} : { username: name }),
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
});

/** What a request's path says of the object it is about; undefined outside the API. */
export function objectReference({ info }: Exchange): ObjectReference | undefined {
  if (!info.isResource) return undefined;
  return {
    resource: info.resource || undefined,
    namespace: info.namespace || undefined,
    name: info.name || undefined,
    uid: undefined,
    apiGroup: info.group || undefined,
    apiVersion: info.version || undefined,
    resourceVersion: undefined,
    subresource: info.subresource || undefined,
  };
}

/**
 * Where a request came from: what proxies say, then the connection itself. Upstream: apimachinery/pkg/util/net `SourceIPs`.
 */
export function sourceIps({ request }: Exchange): string[] {
  const forwarded = [request.headers['x-forwarded-for'] ?? ''].flat().join(',');
  const ips = forwarded
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  const real = request.headers['x-real-ip'];
  if (typeof real === 'string' && real !== '' && !ips.includes(real)) ips.push(real);
  const remote = request.socket?.remoteAddress?.replace(/^::ffff:/, '');
  if (remote !== undefined && ips.at(-1) !== remote) ips.push(remote);
  return ips;
}

/** @returns undefined when the client sent none. */
export function userAgent({ request }: Exchange): string | undefined {
  const agent = request.headers['user-agent'];
  return agent && agent.length > USER_AGENT_MAX ? agent.slice(0, USER_AGENT_MAX) + TRUNCATED : agent || undefined;
}

/** A time to the microsecond, as `metav1.MicroTime`. */
export const microTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000Z`;
