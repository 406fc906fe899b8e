import { isTrue, type RequestInfo } from '../pipeline/request-info.ts';

/** What a request is expected to cost. Upstream: apiserver/pkg/util/flowcontrol/request/width.go. */
export interface WorkEstimate {
  /** Seats while it is served. */
  readonly initialSeats: number;
  /** Seats after it was answered, for {@link additionalLatencyMs}: watchers are told of it. */
  readonly finalSeats: number;
  readonly additionalLatencyMs: number;
  /** How many watchers a write is taken to have. */
  readonly watchers?: number | undefined;
}

/** What is known of the objects of a resource. */
export interface ResourceStats {
  readonly count: number;
  /** Of one object, about. */
  readonly bytes: number;
}

export interface WorkKnowledge {
  /** Undefined for a resource that is not served. */
  statsOf(info: RequestInfo): ResourceStats | undefined;
  /** How many watchers may be told of a change. */
  watchersOf(info: RequestInfo): number;
}

/** A request as far as its cost depends on it. */
export interface EstimatedRequest {
  readonly info: RequestInfo;
  readonly query: URLSearchParams | undefined;
}

const LIST_SEATS_MAX = 100;
const MUTATING_SEATS_MAX = 10;
const BYTES_PER_SEAT = 100_000;
/** More than this is not held at once of what the cache answers. */
const CACHED_BYTES_MAX = 1_000_000;
const WATCHES_PER_SEAT = 10;
/** What it takes to tell the watchers of one seat. */
const EVENT_MS = 5;

const ONE_SEAT: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };
/** Writes with so few watchers that telling them is not counted, by their number. */
const FEW_WATCHERS = Array.from({ length: WATCHES_PER_SEAT }, (_, watchers): WorkEstimate => ({ ...ONE_SEAT, watchers }));
const MUTATING: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/**
 * Estimates a request's work.
 *
 * @param seatsMax what one request of its level may take; 0 for no bound but the general one.
 */
export function estimateWork(request: EstimatedRequest, seatsMax: number, options: WorkKnowledge): WorkEstimate {
  const { info } = request;
  if (info.verb === 'list' || (info.verb === 'watch' && isTrue(request.query?.get('sendInitialEvents') ?? null))) {
    return estimateList(request, bounded(seatsMax, LIST_SEATS_MAX), options);
  }
  return MUTATING.has(info.verb) ? estimateMutation(info, bounded(seatsMax, MUTATING_SEATS_MAX), options) : ONE_SEAT;
}

const bounded = (seats: number, max: number): number => (seats === 0 || seats > max ? max : seats);

/** By the bytes that are held at once. Upstream: list_work_estimator.go, with SizeBasedListCostEstimate. */
function estimateList({ info, query }: EstimatedRequest, seatsMax: number, { statsOf }: WorkKnowledge): WorkEstimate {
  const stats = statsOf(info);
  if (!stats) return ONE_SEAT;
  const limit = Number(query?.get('limit') ?? 0);
  const limited = limit > 0 ? Math.min(limit, stats.count) : stats.count;
  const cached = info.verb === 'watch' || isCached(query);
  const bytes = objectsAtOnce(info, query, { limited, count: stats.count, cached }) * stats.bytes;
  const seats = Math.ceil((cached ? Math.min(bytes, CACHED_BYTES_MAX) : bytes) / BYTES_PER_SEAT);
  return seats <= 1 ? ONE_SEAT : { initialSeats: Math.min(seats, seatsMax), finalSeats: 0, additionalLatencyMs: 0 };
}

function objectsAtOnce(
  info: RequestInfo,
  query: URLSearchParams | undefined,
  { limited, count, cached }: { limited: number; count: number; cached: boolean },
): number {
  if (info.name !== '') return 1;
  const selects = (query?.get('fieldSelector') ?? '') !== '' || (query?.get('labelSelector') ?? '') !== '';
  return !cached && selects ? Math.max(limited, Math.floor(count / 2)) : limited;
}

/** Whether a list is answered from the cache. Upstream: apiserver/pkg/storage/cacher/delegator. */
function isCached(query: URLSearchParams | undefined): boolean {
  if (!query) return true;
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '') return match === 'NotOlderThan';
  if ((query.get('continue') ?? '') !== '') return false;
  const version = query.get('resourceVersion') ?? '';
  return version === '' || version === '0' || !(Number(query.get('limit') ?? 0) > 0);
}

/** By the watchers that are told. Upstream: mutating_work_estimator.go. */
function estimateMutation(info: RequestInfo, seatsMax: number, { watchersOf }: WorkKnowledge): WorkEstimate {
  if (info.subresource === 'token') return ONE_SEAT; // changes nothing that is watched
  const watchers = watchersOf(info);
  const few = FEW_WATCHERS[watchers];
  if (few) return few;
  const seats = Math.ceil(watchers / WATCHES_PER_SEAT);
  const finalSeats = Math.min(seats, seatsMax);
  return { initialSeats: 1, finalSeats, additionalLatencyMs: (seats * EVENT_MS) / finalSeats, watchers };
}
