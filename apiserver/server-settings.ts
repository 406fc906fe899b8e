import type { TlsLimits } from '../runtime/index.ts';
import type { AggregationSettings } from './aggregation/index.ts';
import type { HttpOptions } from './http/http-server.ts';
import type { BrowserRules } from './pipeline/browser-rules.ts';
import { cachedKinds } from './registry/cached-kinds.ts';
import { REGISTRY_ROOT } from './registry/keys.ts';
import type { ResourcePlace } from './registry/resource.ts';
import { DEFAULT_ADDRESS_TYPES, type KubeletOptions } from './rest/kubelet-connector.ts';

/** What can be set, with upstream's defaults. */
export interface ApiServerSettings {
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
  /** Whether flow schemas say which requests are served when, with the sum of these as seats; plain limits otherwise. */
  readonly priorityAndFairness: boolean;
  /** Requests that a client may have under way on one connection of HTTP/2. */
  readonly http2StreamsMax: number;
  /** Of requests of HTTP/2: their clients are told to connect anew. */
  readonly goawayChance: number;
  /** What connections may be made with; what Node takes unless given. */
  readonly tlsLimits: TlsLimits | undefined;
  readonly http?: Pick<HttpOptions, 'http2'> | undefined;
  readonly requestTimeoutMs: number;
  readonly minRequestTimeoutMs: number;
  /** Changes kept per kind. */
  readonly watchCacheSize: number | undefined;
  /** Which kinds are read from memory where any state will do; upstream's unless given. */
  readonly isCached: ResourcePlace['isCached'];
  /** What the keys of all objects begin with. */
  readonly storageRoot: string;
  /** How long one lease of the store is given to new objects that expire. */
  readonly leaseReuseSeconds: number;
  readonly kubelet: KubeletOptions;
  readonly aggregation: AggregationSettings;
  /** The group whose members are never turned away. */
  readonly privilegedGroup: string;
  /** How long requests are served after a stop was asked for, while readiness fails. */
  readonly shutdownDelayMs: number;
  /** Whether requests that come after that are answered 429 until the others are done. */
  readonly refusesAtStop?: boolean | undefined;
  /** What browsers are told; nothing unless given. */
  readonly browsers?: BrowserRules | undefined;
}

/** What a setting is that is not given. */
export const SETTING_DEFAULTS: ApiServerSettings = {
  maxRequestsInFlight: 400,
  maxMutatingRequestsInFlight: 200,
  priorityAndFairness: true,
  http2StreamsMax: 100,
  goawayChance: 0,
  tlsLimits: undefined,
  requestTimeoutMs: 60_000,
  minRequestTimeoutMs: 1_800_000,
  watchCacheSize: undefined,
  isCached: cachedKinds(true, []),
  storageRoot: REGISTRY_ROOT,
  leaseReuseSeconds: 60,
  kubelet: { addressTypes: DEFAULT_ADDRESS_TYPES },
  aggregation: { rejectRedirects: true },
  privilegedGroup: 'system:masters',
  shutdownDelayMs: 0,
};
