import {
  type AllocationResult,
  type DeviceClass,
  keyOf,
  type Live,
  type ResourceSlice,
  type ResourceV1ResourceClaim,
  resourceKinds,
} from '../../../api/index.ts';
import { AssumeCache, type Informer } from '../../../client/index.ts';
import type { Handle } from '../../framework/plugin.ts';
import { deviceId, Inventory } from './allocation/inventory.ts';
import type { Claim } from './allocation/requests.ts';
import { loadSelectors, Selectors, selectorsAreLoaded } from './allocation/selectors.ts';

/**
 * Claims as they will be once what was decided is written, and the devices they hold. One for all profiles. Upstream: `dra_manager.go`,
 * `allocateddevices.go`.
 *
 * Invariant: a device that a claim has, by the API server or by our own decision, is allocated here until the claim is seen without it, or the
 * decision is taken back: no two cycles give away the same device.
 */
export class ClaimTracker {
  readonly inventory = new Inventory();
  readonly selectors = new Selectors();
  readonly #claims: AssumeCache<ResourceV1ResourceClaim>;
  readonly #classes: Informer<DeviceClass>;
  /** What was decided in a cycle and is not written yet, by the claim's uid. */
  readonly #pending = new Map<string, readonly string[]>();
  /** The devices that each claim holds, by its key. */
  readonly #held = new Map<string, readonly string[]>();
  /** How many claims hold, or will hold, a device. */
  readonly #holders = new Map<string, number>();
  /** Reservations that are being taken back, by the claim's key. */
  readonly #releases = new Map<string, Promise<void>>();
  /** Pods that wait for a decision to be written, by the uid of the claim that they share. */
  readonly #sharing = new Map<string, Set<string>>();
  /** Pods that found no devices while some were only going to be written. */
  readonly #unlucky = new Set<string>();
  readonly #handle: Pick<Handle, 'activate' | 'background' | 'logger'>;
  /** Pods that wait until selectors can be compiled. */
  #early: Set<string> | undefined;

  constructor(handle: Handle) {
    this.#handle = handle;
    const { informers } = handle;
    const claims = informers.informer<ResourceV1ResourceClaim>(resourceKinds.resourceclaims);
    const slices = informers.informer<ResourceSlice>(resourceKinds.resourceslices);
    this.#claims = new AssumeCache(claims);
    this.#classes = informers.informer<DeviceClass>(resourceKinds.deviceclasses);
    const refresh = (claim: Claim) => this.#refresh(keyOf(claim));
    claims.addHandler({ onAdd: refresh, onUpdate: refresh, onDelete: (claim) => this.#hold(keyOf(claim), []) });
    slices.addHandler({
      onAdd: (slice) => this.inventory.set(slice),
      onUpdate: (slice, old) => {
        this.inventory.delete(old);
        this.inventory.set(slice);
      },
      onDelete: (slice) => this.inventory.delete(slice),
    });
  }

  claim(namespace: string | undefined, name: string): Claim | undefined {
    return this.#claims.get(namespace, name);
  }

  deviceClass(name: string): Live<DeviceClass> | undefined {
    return this.#classes.getByKey(name);
  }

  isAllocated(device: string): boolean {
    return this.#holders.has(device);
  }

  /** Whether devices can be looked for; if not yet, the pod is tried again when they can. */
  isReadyFor(podKey: string): boolean {
    if (selectorsAreLoaded()) return true;
    if (!this.#early) this.#handle.background(this.#load());
    this.#early = (this.#early ?? new Set()).add(podKey);
    return false;
  }

  async #load(): Promise<void> {
    try {
      await loadSelectors();
      this.#handle.activate(this.#early ?? []);
    } catch (error) {
      this.#handle.logger.error({ err: error }, 'selectors of devices were not loaded');
    }
    this.#early = undefined;
  }

  /** Whether an allocation of the claim was decided and is being written: a pod that shares it has to wait, and is tried again then. */
  isPendingFor(podKey: string, { metadata: { uid } }: Claim): boolean {
    if (!this.#pending.has(uid)) return false;
    this.#sharing.set(uid, (this.#sharing.get(uid) ?? new Set()).add(podKey));
    return true;
  }

  /** A pod found no devices: it is tried again if a decision is taken back, of which no event tells. */
  noneFor(podKey: string): void {
    if (this.#pending.size > 0) this.#unlucky.add(podKey);
  }

  /** An allocation was decided. */
  decide({ metadata: { uid } }: Claim, allocation: AllocationResult): void {
    const devices = exclusiveDevices(allocation);
    this.#pending.set(uid, devices);
    this.#count(devices, 1);
  }

  /** The decision was written, and what was written is assumed; or it is taken back. */
  settle({ metadata: { uid } }: Claim, outcome: 'written' | 'takenBack'): void {
    const devices = this.#pending.get(uid);
    if (!devices) return;
    this.#pending.delete(uid);
    this.#count(devices, -1);
    const waiting = new Set(this.#sharing.get(uid));
    this.#sharing.delete(uid);
    if (outcome === 'takenBack') for (const key of this.#unlucky) waiting.add(key);
    if (outcome === 'takenBack' || this.#pending.size === 0) this.#unlucky.clear();
    if (waiting.size > 0) this.#handle.activate(waiting);
  }

  /** Takes a claim to be so: the answer to a write. */
  assume(claim: Claim): void {
    this.#claims.assume(claim);
    this.#refresh(keyOf(claim));
  }

  /** A reservation is being taken back; must not reject. */
  releasing(claim: Claim, work: Promise<void>): Promise<void> {
    const key = keyOf(claim);
    const done: Promise<void> = work.finally(() => {
      if (this.#releases.get(key) === done) this.#releases.delete(key);
    });
    this.#releases.set(key, done);
    return done;
  }

  /** Resolves when no reservation of the claim is being taken back. */
  async released(claim: Claim): Promise<void> {
    await this.#releases.get(keyOf(claim));
  }

  #refresh(key: string): void {
    const allocation = this.#claims.getByKey(key)?.status.allocation;
    this.#hold(key, allocation ? exclusiveDevices(allocation) : []);
  }

  #hold(key: string, devices: readonly string[]): void {
    this.#count(devices, 1);
    this.#count(this.#held.get(key) ?? [], -1);
    if (devices.length > 0) this.#held.set(key, devices);
    else this.#held.delete(key);
  }

  #count(devices: readonly string[], by: 1 | -1): void {
    for (const device of devices) {
      const holders = (this.#holders.get(device) ?? 0) + by;
      if (holders > 0) this.#holders.set(device, holders);
      else this.#holders.delete(device);
    }
  }
}

/** The devices that nobody else may have; those for administration are not among them. */
const exclusiveDevices = ({ devices }: AllocationResult): string[] =>
  (devices?.results ?? []).flatMap(({ driver, pool, device, adminAccess }) => (adminAccess ? [] : deviceId(driver, pool, device)));
