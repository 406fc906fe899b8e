import type { Exchange } from '../pipeline/exchange.ts';
import { send, sendNotFound, sendText, TEXT_TYPE } from '../pipeline/respond.ts';

/** A named condition of being well; throws or rejects, or answers a text, when it does not hold. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined;
}

/** Which checks stand behind `/healthz`, `/livez` and `/readyz`. */
export type HealthChecks = Readonly<Record<'healthz' | 'livez' | 'readyz', readonly HealthCheck[]>>;

/** Answers `/healthz`, `/livez`, `/readyz` and the paths of their checks; false when the path is none of these. */
export function answerHealth(exchange: Exchange, checks: HealthChecks): boolean {
  const [, endpoint = '', ...rest] = exchange.info.path.split('/');
  if (endpoint !== 'healthz' && endpoint !== 'livez' && endpoint !== 'readyz') return false;
  const name = rest.join('/');
  if (rest.length === 0) answerAll(exchange, endpoint, checks[endpoint]);
  else
    answerOne(
      exchange,
      checks[endpoint].find((check) => check.name === name),
    );
  return true;
}

function answerOne(exchange: Exchange, check: HealthCheck | undefined): void {
  if (!check) {
    sendNotFound(exchange);
    return;
  }
  const problem = run(check);
  if (problem === undefined) sendText(exchange, 200, 'ok');
  else sendText(exchange, 500, `internal server error: ${problem}\n`);
}

function answerAll(exchange: Exchange, endpoint: string, checks: readonly HealthCheck[]): void {
  const excluded = new Set(exchange.query?.getAll('exclude') ?? []);
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const problem = run(check);
    failed ||= problem !== undefined;
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`);
  }
  const verbose = exchange.query?.has('verbose') ?? false;
  const report = `${lines.join('\n')}\n`;
  if (failed) send(exchange, 500, TEXT_TYPE, Buffer.from(`${report}${endpoint} check failed\n`));
  else sendText(exchange, 200, verbose ? `${report}${endpoint} check passed\n` : 'ok');
}

function run(check: HealthCheck): string | undefined {
  try {
    return check.check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What upstream's API server reports on its start, in its order; here each stands for the part that does the same. */
const HOOKS = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-wait-for-first-sync',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
] as const;

const OPENAPI_HOOKS = ['apiservice-openapi-controller', 'apiservice-openapiv3-controller'] as const;

/** What the checks ask of the server. */
export interface HealthState {
  /** The store answers. */
  storeOpen(): boolean;
  /** The caches are filled and followed. */
  synced(): boolean;
  /** What a new cluster needs is there. */
  bootstrapped(): boolean;
  stopping(): boolean;
}

/** The checks of an API server. */
export function healthChecks(state: HealthState): HealthChecks {
  const fine = (name: string): HealthCheck => ({ name, check: () => undefined });
  const holds = (name: string, condition: () => boolean, why: string): HealthCheck => ({
    name,
    check: () => (condition() ? undefined : why),
  });
  const store = holds('etcd', () => state.storeOpen(), 'the store is closed');
  const hook = (name: string) => holds(`poststarthook/${name}`, () => state.bootstrapped(), 'not finished');
  const hooks = [...HOOKS.map(hook), fine('autoregister-completion'), ...OPENAPI_HOOKS.map(hook)];
  const alive = [fine('ping'), fine('log'), store, ...hooks];
  const informers = holds('informer-sync', () => state.synced(), 'the caches are not filled yet');
  const shutdown = holds('shutdown', () => !state.stopping(), 'process is shutting down');
  return { healthz: alive, livez: alive, readyz: [fine('ping'), fine('log'), informers, ...hooks, shutdown] };
}
