import { Histogram } from '../registry/histogram.ts';
import { HistogramFamily, histogramLines, metricLines } from '../registry/metric-families.ts';

/** Prometheus' default buckets. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of OpenID providers. Upstream: apiserver, `plugin/pkg/authenticator/token/oidc/metrics.go`. */
const PROVIDER_SECONDS = [0.001, ...SECONDS];
const CACHE = 'authentication_token_cache';

/** How tokens of service accounts are used; added to for each use. Upstream: `pkg/serviceaccount/metrics.go`. */
export interface TokenUses {
  /** Of tokens that do not say what they are for. */
  legacy: number;
  /** Of tokens that lie in Secrets, made by somebody, and made by Kubernetes. */
  manual: number;
  auto: number;
  /** And of those that are marked as good no more. */
  invalid: number;
  /** Of tokens that clients should have renewed, and of others of which that can be told. */
  stale: number;
  valid: number;
}

/** Where uses are not told to anybody. */
export const noTokenUses = (): TokenUses => ({ legacy: 0, manual: 0, auto: 0, invalid: 0, stale: 0, valid: 0 });

/**
 * Counts tokens: what is known of one at once is a hit, a miss is one about which somebody else has to be asked. Upstream: apiserver,
 * `pkg/authentication/token/cache/stats.go`.
 */
export class TokenMetrics {
  readonly uses = noTokenUses();
  readonly #hits = new Histogram(SECONDS);
  readonly #misses = new Histogram(SECONDS);
  readonly #ofProviders = new HistogramFamily(
    'apiserver_authentication_jwt_authenticator_latency_seconds',
    'How long it took to know a token of an OpenID provider.',
    PROVIDER_SECONDS,
  );
  readonly #fetches = { ok: 0, error: 0 };
  #inFlight = 0;

  hit(ms: number): void {
    this.#hits.observe(Math.floor(ms) / 1000);
  }

  /** Somebody is asked. */
  fetching(): void {
    this.#inFlight++;
  }

  /** Somebody has answered, or could not. */
  fetched(outcome: 'ok' | 'error', ms: number): void {
    this.#inFlight--;
    this.#fetches[outcome]++;
    this.#misses.observe(Math.floor(ms) / 1000);
  }

  /** An OpenID provider's token was looked at. @param issuer the hash of its issuer. */
  ofProvider(result: 'success' | 'failure', issuer: string, ms: number): void {
    this.#ofProviders.of({ result, jwt_issuer_hash: issuer }).observe(ms / 1000);
  }

  lines(): string[] {
    const seen = (
      [
        ['hit', this.#hits],
        ['miss', this.#misses],
      ] as const
    )
      .filter(([, histogram]) => histogram.count > 0)
      .map(([status, histogram]) => [`status="${status}"`, histogram] as const);
    const fetches = (['error', 'ok'] as const).filter((outcome) => this.#fetches[outcome] > 0);
    const use = (name: string, help: string, count: number) => metricLines('counter', `serviceaccount_${name}_total`, help, [['', count]]);
    const { legacy, manual, auto, invalid, stale, valid } = this.uses;
    const asked: [string, number][] =
      seen.some(([status]) => status === 'status="miss"') || this.#inFlight > 0 ? [['status="in_flight"', this.#inFlight]] : [];
    return [
      ...this.#ofProviders.lines(),
      ...metricLines('gauge', `${CACHE}_active_fetch_count`, 'Tokens about which somebody is being asked.', asked),
      ...metricLines(
        'counter',
        `${CACHE}_fetch_total`,
        'Tokens about which somebody was asked.',
        fetches.map((outcome) => [`status="${outcome}"`, this.#fetches[outcome]] as const),
      ),
      ...histogramLines(`${CACHE}_request_duration_seconds`, 'How long it took to know a token.', seen),
      ...metricLines(
        'counter',
        `${CACHE}_request_total`,
        'Tokens that were looked at.',
        seen.map(([labels, { count }]) => [labels, count] as const),
      ),
      ...use('legacy_tokens', 'Uses of tokens that do not say what they are for.', legacy),
      ...use('legacy_manual_token_uses', 'Uses of tokens in Secrets that somebody asked for.', manual),
      ...use('legacy_auto_token_uses', 'Uses of tokens in Secrets that were made without being asked for.', auto),
      ...use('invalid_legacy_auto_token_uses', 'Uses of tokens in Secrets that are marked as good no more.', invalid),
      ...use('stale_tokens', 'Uses of tokens that should have been renewed.', stale),
      ...use('valid_tokens', 'Uses of tokens that need not be renewed yet.', valid),
    ];
  }
}
