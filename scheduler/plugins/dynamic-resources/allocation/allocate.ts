import type { AllocationResult, Live, Node } from '../../../../api/index.ts';
import { type Constraint, constraintsOf } from './constraints.ts';
import type { Pool, PoolDevice } from './inventory.ts';
import {
  CLAIM_DEVICES_MAX,
  type Claim,
  claimText,
  isSelectable,
  type RequestContext,
  type Wanted,
  type WantedRequest,
  wantedOf,
} from './requests.ts';
import { allocationResult, type Taken } from './results.ts';

/** What devices are looked for in. */
export interface AllocationContext extends Omit<RequestContext, 'pools'> {
  poolsOf(node: Live<Node>): readonly Pool[];
  /** Whether a claim has the device, or will have it. */
  isAllocated(device: string): boolean;
  /** Asked now and then; throws to end a search that takes too long. */
  checkTime(): void;
}

/**
 * Looks for devices that a node reaches for all the claims of a pod. Nothing is taken: that is for the caller to do.
 *
 * @returns what each claim would get; nothing when they cannot all have what they ask for.
 * @throws when a claim or class is wrong, whatever the node.
 */
export function allocate(node: Live<Node>, claims: readonly Claim[], context: AllocationContext): AllocationResult[] | undefined {
  const pools = context.poolsOf(node);
  const request = { pools, selectors: context.selectors, deviceClass: context.deviceClass };
  const wanted = claims.map((claim) => wantedOf(claim, request));
  const search = new Search(pools, context, claims, wanted);
  if (search.run() !== 'found') return undefined;
  return claims.map((claim, i) =>
    allocationResult(claim, { node, taken: search.takenBy(i), chosen: search.chosenBy(i), requests: wanted[i] ?? [] }),
  );
}

/** Where the search is: the device that is looked for next. */
interface Place {
  readonly claim: number;
  readonly request: number;
  /** Of a list, the alternative that is tried; nothing before one is. */
  readonly alternative: number | undefined;
  readonly device: number;
}

/** `tooMany`: not with so many devices for one claim; other devices would not change it, other alternatives might. */
type Outcome = 'found' | 'none' | 'tooMany';

/**
 * Tries one device after the other for each thing that is wanted, and takes back what leads nowhere. The first solution is taken. Upstream:
 * `allocateOne` of `dynamic-resource-allocation/structured/internal/experimental/allocator_experimental.go`.
 */
class Search {
  readonly #pools: readonly Pool[];
  readonly #context: AllocationContext;
  readonly #claims: readonly Claim[];
  readonly #wanted: readonly (readonly WantedRequest[])[];
  readonly #constraints: readonly (readonly Constraint[])[];
  readonly #taken: readonly Taken[][];
  /** Which alternative of each request was chosen. */
  readonly #chosen: readonly number[][];
  /** The claims that each device is tried out for. */
  readonly #trying = new Map<string, Set<number>>();

  constructor(pools: readonly Pool[], context: AllocationContext, claims: readonly Claim[], wanted: readonly (readonly WantedRequest[])[]) {
    this.#pools = pools;
    this.#context = context;
    this.#claims = claims;
    this.#wanted = wanted;
    this.#constraints = claims.map(constraintsOf);
    this.#taken = claims.map(() => []);
    this.#chosen = claims.map(() => []);
  }

  run(): Outcome {
    return this.#step({ claim: 0, request: 0, alternative: undefined, device: 0 });
  }

  takenBy(claim: number): readonly Taken[] {
    return this.#taken[claim] ?? [];
  }

  chosenBy(claim: number): readonly number[] {
    return this.#chosen[claim] ?? [];
  }

  #step(at: Place): Outcome {
    this.#context.checkTime();
    const requests = this.#wanted[at.claim];
    if (!requests) return 'found';
    const request = requests[at.request];
    if (!request) {
      const outcome = this.#step({ claim: at.claim + 1, request: 0, alternative: undefined, device: 0 });
      return outcome === 'tooMany' ? 'none' : outcome; // another claim may leave it other alternatives
    }
    if (request.isList && at.alternative === undefined) return this.#firstAvailable(at, request.alternatives.length);
    const wanted = request.alternatives[at.alternative ?? 0];
    return wanted ? this.#next(at, wanted) : 'none';
  }

  #firstAvailable(at: Place, count: number): Outcome {
    let all: Outcome = 'tooMany';
    for (let alternative = 0; alternative < count; alternative++) {
      const outcome = this.#step({ ...at, alternative });
      if (outcome === 'found') {
        const chosen = this.#chosen[at.claim];
        if (chosen) chosen[at.request] = alternative;
        return outcome;
      }
      if (outcome === 'none') all = outcome;
    }
    return all;
  }

  #next(at: Place, wanted: Wanted): Outcome {
    if (wanted.all?.length === 0) return 'none';
    if (at.device >= wanted.count) return this.#step({ claim: at.claim, request: at.request + 1, alternative: undefined, device: 0 });
    if (this.takenBy(at.claim).length + wanted.count - at.device > CLAIM_DEVICES_MAX) return 'tooMany';
    if (!wanted.all) return this.#anyDevice(at, wanted);
    const device = wanted.all[at.device];
    return (device && this.#with(at, wanted, device)) ?? 'none';
  }

  #anyDevice(at: Place, wanted: Wanted): Outcome {
    for (const pool of this.#pools) {
      if (pool.invalid !== undefined) throw new Error(`pool ${pool.name} is invalid: ${pool.invalid}`);
      for (const device of pool.devices) {
        const outcome = this.#isFree(at, wanted, device) && this.#matches(at, wanted, device) && this.#with(at, wanted, device);
        if (outcome === 'found' || outcome === 'tooMany') return outcome;
      }
    }
    return 'none';
  }

  /** What comes of it when the device is taken; nothing when it cannot be. */
  #with(at: Place, wanted: Wanted, device: PoolDevice): Outcome | undefined {
    if (!this.#take(at, wanted, device)) return undefined;
    const outcome = this.#step({ ...at, device: at.device + 1 });
    if (outcome !== 'found') this.#giveBack(at, wanted, device);
    return outcome;
  }

  /** Who administrates devices shares them with those who use them, but has each only once. */
  #isFree({ claim }: Place, { adminAccess }: Wanted, { id }: PoolDevice): boolean {
    const trying = this.#trying.get(id);
    return adminAccess ? !trying?.has(claim) : !this.#context.isAllocated(id) && (trying?.size ?? 0) === 0;
  }

  #matches(at: Place, wanted: Wanted, device: PoolDevice): boolean {
    const claim = this.#claims[at.claim];
    return claim !== undefined && isSelectable(claim, wanted, { device, selectors: this.#context.selectors });
  }

  #take(at: Place, wanted: Wanted, device: PoolDevice): boolean {
    // Counters are behind a gate that is off (DRAPartitionableDevices).
    if (!this.#isFree(at, wanted, device) || (device.device.consumesCounters ?? []).length > 0) return false;
    if (!this.#meetsConstraints(at, wanted, device)) return false;
    const trying = this.#trying.get(device.id) ?? new Set();
    this.#trying.set(device.id, trying.add(at.claim));
    this.#taken[at.claim]?.push({ wanted, device });
    return true;
  }

  #meetsConstraints(at: Place, wanted: Wanted, device: PoolDevice): boolean {
    const constraints = this.#constraints[at.claim] ?? [];
    const failed = constraints.findIndex((constraint) => !constraint.add(wanted, device));
    if (failed < 0) return true;
    const claim = this.#claims[at.claim];
    if (wanted.all && claim) {
      const which = `claim ${claimText(claim)}, request ${wanted.name}`;
      throw new Error(`${which}: cannot add device ${device.id} because a claim constraint would not be satisfied`);
    }
    for (const constraint of constraints.slice(0, failed)) constraint.remove(wanted);
    return false;
  }

  #giveBack(at: Place, wanted: Wanted, device: PoolDevice): void {
    for (const constraint of this.#constraints[at.claim] ?? []) constraint.remove(wanted);
    this.#trying.get(device.id)?.delete(at.claim);
    this.#taken[at.claim]?.pop();
  }
}
