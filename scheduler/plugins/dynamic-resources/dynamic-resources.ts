import {
  type AllocationResult,
  fieldError,
  isReservedFor,
  type Live,
  matchesNodeSelector,
  type Node,
  type Pod,
} from '../../../api/index.ts';
import { readObject } from '../../config/field-reader.ts';
import type { CycleState } from '../../framework/cycle-state.ts';
import type { Handle, Plugin, PluginDefinition, PostFilterResult } from '../../framework/plugin.ts';
import { type Rejection, SKIP, unresolvable, unschedulable, type Verdict } from '../../framework/status.ts';
import type { PodInfo } from '../../state/pod-info.ts';
import { argsOf } from '../args.ts';
import { allocate } from './allocation/allocate.ts';
import type { Claim } from './allocation/requests.ts';
import { ClaimTracker } from './claim-tracker.ts';
import { ClaimWriter } from './claim-writer.ts';
import { eventsFor } from './events.ts';
import { claimsOf, whyNotAllocatable } from './pod-claims.ts';

const NAME = 'DynamicResources';
const FILTER_TIMEOUT_MS = 10_000;

const CANNOT_ALLOCATE = unresolvable('cannot allocate all claims');
const NOT_AVAILABLE = unresolvable('resourceclaim not available on the node');
const TIMED_OUT = unresolvable('timed out trying to allocate devices');
const NOT_READY = unresolvable('selectors of devices are being loaded');
const TOO_LONG = Symbol('the search for devices took too long');

export interface DynamicResourcesArgs {
  /** How long devices are looked for on one node; without end at 0. */
  readonly filterTimeoutMs: number;
}

/** What a cycle knows of its pod's claims. What is tried out on clones of the cycle's state is found out just the same. */
interface State {
  /** As they are, and as they become while they are bound. */
  readonly claims: Claim[];
  /** Those that have no devices yet, as indices. */
  readonly unallocated: readonly number[];
  /** Claims whose devices a node did not reach, as indices. */
  readonly unavailable: Set<number>;
  /** What the claims without devices would get on each node, in their order. */
  readonly byNode: Map<string, readonly AllocationResult[]>;
  /** What they get on the node that was chosen, by index. */
  readonly decided: Map<number, AllocationResult>;
}

const NO_CLAIMS: State = { claims: [], unallocated: [], unavailable: new Set(), byNode: new Map(), decided: new Map() };

/**
 * A pod goes where the devices that its claims ask for can be had. Upstream: `plugins/dynamicresources` of 1.34, with the gates that are on by
 * default (administrators' access, prioritized lists, the filter's time limit).
 */
export const dynamicResources: PluginDefinition<DynamicResourcesArgs> = {
  name: NAME,
  readArgs: (args, path) =>
    argsOf((problems) =>
      readObject(args, path, problems, (reader) => {
        const filterTimeoutMs = reader.duration('filterTimeout') ?? FILTER_TIMEOUT_MS;
        if (filterTimeoutMs < 0) {
          reader.note(fieldError.invalid(reader.pathOf('filterTimeout'), reader.raw('filterTimeout'), 'must be zero or positive'));
        }
        return { filterTimeoutMs };
      }),
    ),
  create: (args, handle) => new DynamicResources(args, handle),
};

class DynamicResources implements Plugin {
  readonly name = NAME;
  readonly events: Plugin['events'];
  readonly #handle: Handle;
  readonly #tracker: ClaimTracker;
  readonly #writer: ClaimWriter;
  readonly #filterTimeoutMs: number;

  constructor({ filterTimeoutMs }: DynamicResourcesArgs, handle: Handle) {
    this.#handle = handle;
    this.#tracker = handle.shared(NAME, () => new ClaimTracker(handle));
    this.#writer = new ClaimWriter(handle, this.#tracker);
    this.#filterTimeoutMs = filterTimeoutMs;
    this.events = eventsFor(this.#tracker);
  }

  preEnqueue({ pod, key }: PodInfo): Verdict {
    const claims = claimsOf(pod, this.#tracker);
    if ('code' in claims) return claims;
    return claims.length === 0 || this.#tracker.isReadyFor(key) ? undefined : NOT_READY;
  }

  preFilter(state: CycleState, { pod, key }: PodInfo): Rejection | typeof SKIP | undefined {
    state.write(NAME, NO_CLAIMS);
    const claims = claimsOf(pod, this.#tracker);
    if ('code' in claims) return claims;
    if (claims.length === 0) return SKIP;
    if (!this.#tracker.isReadyFor(key)) return NOT_READY;
    const unallocated = claims.flatMap(({ status }, i) => (status.allocation ? [] : i));
    for (const index of unallocated) {
      const claim = claims[index];
      const why = claim && whyNotAllocatable(claim, key, this.#tracker);
      if (why) return why;
    }
    const known: State = { claims: [...claims], unallocated, unavailable: new Set(), byNode: new Map(), decided: new Map() };
    state.write(NAME, known);
    return undefined;
  }

  filter(state: CycleState, { key }: PodInfo, { node }: { readonly node?: Live<Node> | undefined }): Verdict {
    const known = state.read<State>(NAME);
    if (!node || known.claims.length === 0) return undefined;
    const unreached = known.claims.flatMap(({ status }, i) => {
      const selector = status.allocation?.nodeSelector;
      return selector && !matchesNodeSelector(selector, node) ? i : [];
    });
    const allocations = this.#allocate(known, node);
    if (allocations === CANNOT_ALLOCATE) this.#tracker.noneFor(key);
    if ('code' in allocations) return allocations;
    for (const index of unreached) known.unavailable.add(index);
    if (unreached.length > 0) return NOT_AVAILABLE;
    known.byNode.set(node.metadata.name, allocations);
    return undefined;
  }

  #allocate({ claims, unallocated }: State, node: Live<Node>): readonly AllocationResult[] | Rejection {
    if (unallocated.length === 0) return [];
    const tracker = this.#tracker;
    const wanted = unallocated.flatMap((index) => claims[index] ?? []);
    try {
      const found = allocate(node, wanted, {
        poolsOf: (of) => tracker.inventory.poolsOf(of),
        selectors: tracker.selectors,
        deviceClass: (name) => tracker.deviceClass(name),
        isAllocated: (device) => tracker.isAllocated(device),
        checkTime: this.#stopwatch(),
      });
      return found ?? CANNOT_ALLOCATE;
    } catch (error) {
      if (error === TOO_LONG) return TIMED_OUT;
      throw error;
    }
  }

  #stopwatch(): () => void {
    const { clock } = this.#handle;
    if (this.#filterTimeoutMs === 0) return () => undefined;
    const deadline = clock.monotonic() + this.#filterTimeoutMs;
    return () => {
      if (clock.monotonic() > deadline) throw TOO_LONG;
    };
  }

  /** A claim whose devices are in the wrong place, and which nobody uses, is freed. */
  postFilter(state: CycleState, { pod }: PodInfo): PostFilterResult | Promise<PostFilterResult> {
    const known = state.find<State>(NAME);
    // As upstream says when another plugin has rejected the pod before this one was asked.
    if (!known) return { rejection: unresolvable('not found') };
    if (known.claims.length === 0) return { rejection: unschedulable('no new claims to deallocate') };
    const claim = [...known.unavailable].flatMap((index) => known.claims[index] ?? []).find((one) => isIdle(one, pod));
    if (!claim) return { rejection: unschedulable('still not schedulable') };
    const freed = { rejection: unschedulable('deallocation of ResourceClaim completed') };
    if (this.#handle.dryRun) return freed;
    return this.#writer.deallocate(claim).then(
      () => freed,
      (error: unknown) => ({ rejection: unresolvable(error instanceof Error ? error.message : String(error)) }),
    );
  }

  reserve(state: CycleState, { pod }: PodInfo, nodeName: string): Verdict {
    const known = state.find<State>(NAME);
    if (!known || known.claims.length === 0) return undefined;
    const allocations = known.byNode.get(nodeName);
    if (!allocations && known.unallocated.length > 0) throw new Error('claim allocation not found for node');
    known.unallocated.forEach((index, i) => {
      const [claim, allocation] = [known.claims[index], allocations?.[i]];
      if (!claim || !allocation) return;
      known.decided.set(index, allocation);
      this.#tracker.decide(claim, allocation);
    });
    if (this.#handle.dryRun) this.#bindAtOnce(known, pod);
    return undefined;
  }

  /** Nothing is written: what was decided is taken to be so. */
  #bindAtOnce({ claims, decided }: State, { metadata: { name, uid } }: Live<Pod>): void {
    for (const [index, claim] of claims.entries()) {
      const allocation = decided.get(index) ?? claim.status.allocation;
      const reservedFor = [...(claim.status.reservedFor ?? []), { resource: 'pods', name, uid }];
      this.#tracker.assume({ ...claim, status: { ...claim.status, allocation, reservedFor } });
      this.#tracker.settle(claim, 'written');
    }
  }

  unreserve(state: CycleState, { pod }: PodInfo): void {
    for (const claim of state.find<State>(NAME)?.claims ?? []) {
      this.#tracker.settle(claim, 'takenBack');
      if (claim.status.allocation && isReservedFor(pod, claim)) this.#writer.release(claim, pod);
    }
  }

  async preBind(state: CycleState, { pod }: PodInfo, _nodeName: string, signal: AbortSignal): Promise<Verdict> {
    const known = state.find<State>(NAME);
    for (const [index, given] of known?.claims.entries() ?? []) {
      await this.#tracker.released(given);
      const claim = this.#newest(given);
      const isBound = isReservedFor(pod, claim);
      const bound = isBound ? claim : await this.#writer.bind({ claim, allocation: known?.decided.get(index), pod }, signal);
      // So that unreserve takes back what was written.
      if (known) known.claims[index] = bound;
      this.#tracker.settle(bound, 'written');
    }
    return undefined;
  }

  /** The claim as it is now, if it is the same one. */
  #newest(claim: Claim): Claim {
    const now = this.#tracker.claim(claim.metadata.namespace, claim.metadata.name);
    return now?.metadata.uid === claim.metadata.uid ? now : claim;
  }
}

/** Whether no other pod uses a claim. */
const isIdle = ({ status: { reservedFor = [] } }: Claim, { metadata }: Live<Pod>): boolean =>
  reservedFor.every(({ uid }) => uid === metadata.uid) && reservedFor.length <= 1;
