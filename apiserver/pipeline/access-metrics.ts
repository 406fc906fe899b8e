import { Histogram } from '../registry/histogram.ts';
import { DecisionMetrics } from './decision-metrics.ts';
import { TokenMetrics } from './token-metrics.ts';
import { AuthorizationWebhookMetrics } from './webhook-metrics.ts';

/** Seconds, each twice the one before: upstream's. */
const SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
/** Seconds that a certificate has left: none, half an hour, hours, days, a week, months, a year. */
const LEFT_SECONDS = [0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000];
/** Names that are told as they are: upstream's `compressUsername`. */
const KNOWN_USERS: ReadonlySet<string> = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default']);

export type AuthenticationResult = 'success' | 'failure' | 'error';
export type AuthorizationResult = 'allowed' | 'denied' | 'no-opinion' | 'error';

/** How often something had a result, and how long it took. */
class Outcomes<T extends string> {
  readonly #durations = new Map<T, Histogram>();

  add(result: T, ms: number): void {
    let durations = this.#durations.get(result);
    if (!durations) {
      durations = new Histogram(SECONDS);
      this.#durations.set(result, durations);
    }
    durations.observe(ms / 1000);
  }

  lines(counter: string, histogram: string, what: string): string[] {
    const all = [...this.#durations].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      `# HELP ${counter} ${what}, by result.`,
      `# TYPE ${counter} counter`,
      ...all.map(([result, { count }]) => `${counter}{result="${result}"} ${count}`),
      `# HELP ${histogram} How long they took.`,
      `# TYPE ${histogram} histogram`,
      ...all.flatMap(([result, durations]) => durations.lines(histogram, `result="${result}"`)),
    ];
  }
}

/**
 * Counts who came in and who was let through. Names and labels are upstream's (apiserver, `pkg/endpoints/filters/metrics.go`,
 * `pkg/authentication/request/x509/x509.go`).
 */
export class AccessMetrics {
  readonly #users = new Map<string, number>();
  readonly #authentication = new Outcomes<AuthenticationResult>();
  readonly #authorization = new Outcomes<AuthorizationResult>();
  readonly #certificates = new Histogram(LEFT_SECONDS);
  readonly #reloads = new Map<string, { count: number; atMs: number }>();
  /** What authorization webhooks are asked. */
  readonly webhooks = new AuthorizationWebhookMetrics();
  /** What authorizers decide. */
  readonly decisions = new DecisionMetrics();
  readonly tokens = new TokenMetrics();
  /** Hashes of what configuration files say. */
  readonly #hashes = new Map<string, string>();
  readonly #server: string;

  /** @param server who this server is, as a hash. */
  constructor(server = '') {
    this.#server = server;
  }

  /** @param user who it is, when it is somebody. */
  authenticated(result: AuthenticationResult, ms: number, user?: string): void {
    this.#authentication.add(result, ms);
    if (user === undefined) return;
    const name = KNOWN_USERS.has(user) ? user : user.includes('@') ? 'email_id' : 'other';
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }

  authorized(result: AuthorizationResult, ms: number): void {
    this.#authorization.add(result, ms);
  }

  /** A certificate was shown that has so much time left; less than none when it has expired. */
  certificateShown(leftMs: number): void {
    this.#certificates.observe(leftMs / 1000);
  }

  /** A configuration file had changed. Upstream: `pkg/server/options/{authentication,authorization,encryption}config/metrics`. */
  reloaded(what: 'authentication' | 'authorization' | 'encryption', status: 'success' | 'failure', nowMs: number): void {
    const key = `${what}/${status}`;
    this.#reloads.set(key, { count: (this.#reloads.get(key)?.count ?? 0) + 1, atMs: nowMs });
  }

  /** What a configuration file says is in force. */
  configured(what: 'authentication' | 'authorization' | 'encryption', hash: string): void {
    this.#hashes.set(what, hash);
  }

  #reloadLines(): string[] {
    return ['authentication', 'authorization', 'encryption'].flatMap((what) => {
      const name = `apiserver_${what}_config_controller_automatic_reload`;
      const of = (metric: string, figure: (reloads: { count: number; atMs: number }) => number) =>
        ['failure', 'success'].flatMap((outcome) => {
          const reloads = this.#reloads.get(`${what}/${outcome}`);
          return reloads ? [`${metric}{apiserver_id_hash="${this.#server}",status="${outcome}"} ${figure(reloads)}`] : [];
        });
      const hash = this.#hashes.get(what);
      const info = `apiserver_${what}_config_controller_last_config_info`;
      return [
        `# HELP ${info} Hash of the configuration that is in force.`,
        `# TYPE ${info} gauge`,
        ...(hash === undefined ? [] : [`${info}{apiserver_id_hash="${this.#server}",hash="${hash}"} 1`]),
        `# HELP ${name}s_total How often the configuration was loaded again.`,
        `# TYPE ${name}s_total counter`,
        ...of(`${name}s_total`, ({ count }) => count),
        `# HELP ${name}_last_timestamp_seconds When that was last.`,
        `# TYPE ${name}_last_timestamp_seconds gauge`,
        ...of(`${name}_last_timestamp_seconds`, ({ atMs }) => atMs / 1000),
      ];
    });
  }

  /** Prometheus' text format. */
  text(): string {
    const certificates = 'apiserver_client_certificate_expiration_seconds';
    const users = 'authenticated_user_requests';
    return [
      `# HELP ${certificates} How long the certificates of clients were good yet.`,
      `# TYPE ${certificates} histogram`,
      ...this.#certificates.lines(certificates, ''),
      `# HELP ${users} Requests of users that are known, by name.`,
      `# TYPE ${users} counter`,
      ...[...this.#users].map(([name, count]) => `${users}{username="${name}"} ${count}`),
      ...this.#authentication.lines('authentication_attempts', 'authentication_duration_seconds', 'Requests that were authenticated'),
      ...this.#authorization.lines('authorization_attempts_total', 'authorization_duration_seconds', 'Requests that were authorized'),
      ...this.#reloadLines(),
      ...this.decisions.lines(),
      ...this.tokens.lines(),
      ...this.webhooks.lines(),
      '',
    ].join('\n');
  }
}
