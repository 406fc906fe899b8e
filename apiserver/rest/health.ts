import type { HealthSlis } from '../../runtime/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { sendNotFound, sendNotice, sendText } from '../pipeline/respond.ts';
import type { StoreProbe, StoreProbes } from '../store-probe.ts';

/** A named condition of being well; throws or rejects, or answers a text, when it does not hold. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined | Promise<string | undefined>;
}

/** Which checks stand behind `/healthz`, `/livez` and `/readyz`. */
export type HealthChecks = Readonly<Record<'healthz' | 'livez' | 'readyz', readonly HealthCheck[]>>;

const isEndpoint = (text: string): text is keyof HealthChecks => text === 'healthz' || text === 'livez' || text === 'readyz';

/**
 * Answers `/healthz`, `/livez`, `/readyz` and the paths of their checks; undefined when the path is none of these. Upstream:
 * apiserver/pkg/server/healthz/healthz.go.
 */
export function answerHealth(exchange: Exchange, checks: HealthChecks, slis: HealthSlis): Promise<void> | undefined {
  const [, endpoint = '', ...rest] = exchange.info.path.split('/');
  if (!isEndpoint(endpoint)) return undefined;
  if (rest.length === 0) return answerAll(exchange, endpoint, checks[endpoint], slis);
  const name = rest.join('/');
  return answerOne(
    exchange,
    checks[endpoint].find((check) => check.name === name),
  );
}

async function answerOne(exchange: Exchange, check: HealthCheck | undefined): Promise<void> {
  if (!check) {
    sendNotFound(exchange);
    return;
  }
  const problem = await run(check);
  if (problem === undefined) sendText(exchange, 200, 'ok');
  else sendNotice(exchange, 500, `internal server error: ${problem}\n`);
}

async function answerAll(exchange: Exchange, endpoint: string, checks: readonly HealthCheck[], slis: HealthSlis): Promise<void> {
  const excluded = new Set(exchange.query?.getAll('exclude') ?? []);
  const results = await Promise.all(
    checks.map(async (check) => {
      if (excluded.delete(check.name)) return { ok: true, line: `[+]${check.name} excluded: ok` };
      const ok = (await run(check)) === undefined;
      slis.observe(check.name, endpoint, ok);
      return { ok, line: ok ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld` };
    }),
  );
  const lines = results.map(({ line }) => line);
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`);
  }
  const verbose = exchange.query?.has('verbose') ?? false;
  const report = `${lines.join('\n')}\n`;
  if (!results.every(({ ok }) => ok)) sendNotice(exchange, 500, `${report}${endpoint} check failed\n`);
  else sendNotice(exchange, 200, verbose ? `${report}${endpoint} check passed\n` : 'ok');
}

async function run({ check }: HealthCheck): Promise<string | undefined> {
  try {
    return await check();
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
  /** How a store that is elsewhere is asked; absent for one of the server's own. */
  readonly probes?: StoreProbes | undefined;
  /** And the stores that some kinds have of their own. */
  readonly overrides?: readonly StoreProbes[] | undefined;
  /** Checks between that of the store and those of the start, which say nothing of being alive: encryption at rest. */
  readonly ofStorage?: readonly HealthCheck[] | undefined;
}

/** The checks of an API server. */
export function healthChecks(state: HealthState): HealthChecks {
  const fine = (name: string): HealthCheck => ({ name, check: () => undefined });
  const holds = (name: string, condition: () => boolean, why: string): HealthCheck => ({
    name,
    check: () => (condition() ? undefined : why),
  });
  const asks = (name: string, probe: StoreProbe): HealthCheck => ({ name, check: () => probe().then(() => undefined) });
  const { probes, overrides = [], ofStorage = [] } = state;
  const store = probes ? asks('etcd', probes.health) : holds('etcd', () => state.storeOpen(), 'the store is closed');
  const hook = (name: string) => holds(`poststarthook/${name}`, () => state.bootstrapped(), 'not finished');
  const hooks = [
    ...HOOKS.map(hook),
    holds('autoregister-completion', () => state.bootstrapped(), 'missing APIService'),
    ...OPENAPI_HOOKS.map(hook),
  ];
  const basic = [fine('ping'), fine('log')];
  const others = overrides.map(({ health }, i) => asks(`etcd-override-${i}`, health));
  const well = [...basic, store, ...others, ...ofStorage, ...hooks];
  const informers = holds('informer-sync', () => state.synced(), 'the caches are not filled yet');
  const shutdown = holds('shutdown', () => !state.stopping(), 'process is shutting down');
  const readiness = probes ? [store, asks('etcd-readiness', probes.readiness)] : [];
  const othersReady = overrides.flatMap((other, i) => [
    asks(`etcd-override-${i}`, other.health),
    asks(`etcd-override-readiness-${i}`, other.readiness),
  ]);
  const readyz = [...basic, ...readiness, ...othersReady, ...ofStorage, informers, ...hooks, shutdown];
  return { healthz: well, livez: [...basic, store, ...others, ...hooks], readyz };
}
