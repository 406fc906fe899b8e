import { RequestError } from './request-error.ts';

/**
 * Parts that a kubelet's configuration can turn off, and what is then said of them. Ours has them off: profiles are Go's, and the level of
 * logs is one for all nodes of the process. Upstream: `getHandlerForDisabledEndpoint`, `pkg/kubelet/server/server.go`.
 */
const DISABLED: readonly (readonly [isMeant: (path: string) => boolean, what: string])[] = [
  [(path) => path.startsWith('/debug/pprof/'), 'profiling'],
  [(path) => path === '/debug/flags/v', 'flags'],
];

/** @throws RequestError (405) when a path is turned off */
export function checkEnabled(pathname: string): void {
  const what = DISABLED.find(([isMeant]) => isMeant(pathname))?.[1];
  if (what !== undefined) throw new RequestError(405, `${what} endpoint is disabled.\n`);
}
