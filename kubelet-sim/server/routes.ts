import type { Call } from './call.ts';
import { NO_SUCH_PATH, RequestError } from './request-error.ts';

/** What a path takes: methods, and how many parts it may have after its first. */
interface Route {
  readonly methods: readonly string[];
  readonly parts: readonly number[];
}

const GET = ['GET'];
const GET_POST = ['GET', 'POST'];

/**
 * Paths that upstream serves with a router, which has words of its own for what it does not find; all others take any method. Upstream:
 * `NewServer`, `pkg/kubelet/server/server.go`; go-restful's `CurlyRouter`.
 */
const ROUTES: Readonly<Record<string, Route>> = {
  attach: { methods: GET_POST, parts: [3, 4] },
  checkpoint: { methods: ['POST'], parts: [3] },
  containerLogs: { methods: GET, parts: [3] },
  exec: { methods: GET_POST, parts: [3, 4] },
  pods: { methods: GET, parts: [0] },
  portForward: { methods: GET_POST, parts: [2, 3] },
  run: { methods: ['POST'], parts: [3, 4] },
  runningpods: { methods: GET, parts: [0] },
  stats: { methods: GET_POST, parts: [1] },
};

/** @throws RequestError (404, 405) when nothing is there, or not for that method */
export function checkRoute({ segments, request: { method = 'GET' } }: Call): void {
  const [first = '', ...rest] = segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  const route = Object.hasOwn(ROUTES, first) ? ROUTES[first] : undefined;
  if (!route) return;
  if (!route.parts.includes(rest.length)) throw new RequestError(404, NO_SUCH_PATH);
  if (!route.methods.includes(method)) throw new MethodNotAllowed(route.methods);
}

/** Paths that are told of with a slash at their end only. */
const WITH_SLASH: ReadonlySet<string> = new Set(['/checkpoint', '/debug/pprof', '/logs', '/runningpods', '/stats']);

/** Where a path is that is asked for without its slash, or with too many. Upstream: Go's `http.ServeMux`. */
export function movedTo({ url: { pathname, search } }: Call): string | undefined {
  const clean = pathname.replace(/\/{2,}/g, '/');
  if (WITH_SLASH.has(clean)) return `${clean}/${search}`;
  return clean === pathname ? undefined : `${clean}${search}`;
}

/** A method that a path does not take. */
export class MethodNotAllowed extends RequestError {
  override readonly name = 'MethodNotAllowed';
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super(405, '405: Method Not Allowed');
    this.allowed = allowed;
  }
}
