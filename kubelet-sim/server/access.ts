import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { ApiClient } from '../../client/index.ts';
import { type Clock, KUBELET_CLIENT_USER } from '../../runtime/index.ts';
import { RequestError } from './request-error.ts';

/** How long an answer of the API server is good, as a kubelet's configuration has it by default. */
const TOKEN_MS = 120_000;
const ALLOWED_MS = 300_000;
const DENIED_MS = 30_000;
/** Answers kept; beyond it the oldest are let go. */
const ANSWERS_MAX = 20_000;

/** Who asks. */
export interface User {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface AccessOptions {
  /** Asks for TokenReviews and SubjectAccessReviews; without it tokens are not known, and whoever has a certificate may do everything. */
  readonly client: ApiClient | undefined;
  readonly clock: Clock;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * What stands for the pods' network, on which upstream's API server is itself: it gets there unasked. A review would go through the webhooks that it is
 * on its way to, and one in a pod for all resources would wait for itself.
 */
const PODS_NETWORK = '/podProxy/';

/** Parts of the API that have a subresource of a node beside `proxy`, which allows everything (upstream `pkg/kubelet/server/auth.go`, KEP 2862). */
const SUBRESOURCES: readonly (readonly [prefix: string, subresources: readonly string[]])[] = [
  ['/stats', ['stats']],
  ['/metrics', ['metrics']],
  ['/logs', ['log']],
  ['/checkpoint', ['checkpoint']],
  ['/healthz', ['healthz', 'proxy']],
  ['/pods', ['pods', 'proxy']],
  ['/runningpods', ['pods', 'proxy']],
  ['/configz', ['configz', 'proxy']],
];

export const subresourcesOf = (path: string): readonly string[] =>
  SUBRESOURCES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? ['proxy'];

/** Who may use the kubelet's API: client certificates and tokens say who it is, the API server says what they may. */
export class KubeletAccess {
  readonly #options: AccessOptions;
  readonly #tokens = new Answers<User | undefined>();
  readonly #decisions = new Answers<boolean>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** @throws RequestError (401, 403) unless whoever asks may ask for this path of a node. @param node `''` for one that is not named */
  async check(request: IncomingMessage, path: string, node: string): Promise<void> {
    const certified = certificateUser(request);
    if (certified?.name === KUBELET_CLIENT_USER && path.startsWith(PODS_NETWORK)) return;
    const user = certified ?? (await this.#tokenUser(request));
    if (!user) throw new RequestError(401, 'Unauthorized');
    const verb = VERBS[request.method ?? ''] ?? 'get';
    const subresources = subresourcesOf(path);
    for (const subresource of subresources) if (await this.#isAllowed(user, { verb, subresource, name: node })) return;
    throw new RequestError(
      403,
      `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`,
    );
  }

  async #tokenUser({ headers }: IncomingMessage): Promise<User | undefined> {
    const [, token] = /^bearer\s+(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    const { client, clock } = this.#options;
    if (token === undefined || !client) return undefined;
    return await this.#tokens.of(token, clock.monotonic(), async () => {
      const status = await review(client, '/apis/authentication.k8s.io/v1/tokenreviews', { kind: 'TokenReview', spec: { token } });
      const user = status.authenticated === true ? userOf(status.user) : undefined;
      return { value: user, forMs: TOKEN_MS };
    });
  }

  async #isAllowed(user: User, what: { readonly verb: string; readonly subresource: string; readonly name: string }): Promise<boolean> {
    const { client, clock } = this.#options;
    if (!client) return true;
    return await this.#decisions.of(JSON.stringify([user, what]), clock.monotonic(), async () => {
      const spec = {
        user: user.name,
        groups: user.groups,
        ...(user.uid ? { uid: user.uid } : {}),
        ...(user.extra ? { extra: user.extra } : {}),
        resourceAttributes: { ...what, group: '', version: 'v1', resource: 'nodes' },
      };
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const { allowed } = await review(client, path, { kind: 'SubjectAccessReview', spec });
      return { value: allowed === true, forMs: allowed === true ? ALLOWED_MS : DENIED_MS };
    });
  }
}

/** The user that a client certificate names: its common name, its organizations as groups. */
function certificateUser({ socket }: IncomingMessage): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  // Not every certificate has one, whatever the type says.
  const { CN: name, O: organizations }: { CN?: string | string[]; O?: string | string[] } = subject ?? {};
  if (typeof name !== 'string') return undefined;
  return { name, groups: [...[organizations ?? []].flat(), 'system:authenticated'] };
}

async function review(client: ApiClient, path: string, { kind, spec }: { kind: string; spec: object }): Promise<Record<string, unknown>> {
  const group = path.split('/')[2];
  const answer = await client.request('POST', path, { body: { apiVersion: `${group}/v1`, kind, metadata: {}, spec } });
  const parsed: { readonly status?: Record<string, unknown> } = JSON.parse(answer.body.toString('utf8'));
  return parsed.status ?? {};
}

function userOf(user: unknown): User | undefined {
  if (typeof user !== 'object' || user === null) return undefined;
  const { username, uid, groups, extra }: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } = user;
  return { name: username ?? '', uid, groups: groups ?? [], extra };
}

interface Answer<T> {
  readonly value: Promise<T>;
  goodUntil: number;
}

/** Answers that are good for a while; the same question at the same time is asked once. */
class Answers<T> {
  readonly #known = new Map<string, Answer<T>>();

  of(key: string, now: number, ask: () => Promise<{ readonly value: T; readonly forMs: number }>): Promise<T> {
    const known = this.#known.get(key);
    if (known && known.goodUntil > now) return known.value;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < ANSWERS_MAX) break;
      this.#known.delete(oldest);
    }
    const asked = ask();
    const answer: Answer<T> = { value: asked.then(({ value }) => value), goodUntil: Number.POSITIVE_INFINITY };
    this.#known.set(key, answer);
    asked.then(
      ({ forMs }) => {
        answer.goodUntil = now + forMs;
      },
      () => this.#known.delete(key),
    );
    return answer.value;
  }
}
