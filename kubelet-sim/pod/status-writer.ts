import { ApiError, coreKinds, type Pod, type PodCondition, type PodStatus } from '../../api/index.ts';
import { type ApiClient, isNewer, type ResourceClient } from '../../client/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import { OWN_CONDITIONS } from './pod-status.ts';

/** Requests under way at once. */
const WRITES_MAX = 64;
/** Waits between tries of one write. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 10_000;

/** A pod's last word, waiting to be written. */
interface Pending {
  pod: Pod;
  status: PodStatus;
  /** What the API server has, as far as we know. */
  base: PodStatus;
  /** The pod as it was with that. */
  baseOf: Pod;
  /** Once the status is written, the pod is deleted for good. */
  remove: boolean;
  failures: number;
  busy: boolean;
  /** Since when it waits, on the monotonic clock. */
  readonly since: number;
  /** Something newer came while busy. */
  dirty: boolean;
}

export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes a pod whose status is written, and how many seconds after it was known. */
  readonly onWritten?: ((pod: Pod, seconds: number) => void) | undefined;
}

/**
 * Writes statuses, each pod's newest one only: what changes again before its turn comes is written once. One write of a pod is under way
 * at a time, and the deletion of a pod comes after its last status.
 */
export class StatusWriter {
  readonly #pods: ResourceClient<Pod>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Pending>();
  /** UIDs in the order of their turn; those before `#head` have had it. */
  readonly #queue: string[] = [];
  #head = 0;
  #active = 0;
  #stopped = false;
  readonly #onWritten: StatusWriterOptions['onWritten'];

  constructor(options: StatusWriterOptions) {
    this.#onWritten = options.onWritten;
    this.#pods = options.client.resource<Pod>(coreKinds.pods);
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Statuses that wait or are being written. */
  get size(): number {
    return this.#pending.size;
  }

  /** @param base the status that the API server is known to have. */
  write(pod: Pod, status: PodStatus, base: PodStatus): void {
    this.#put(pod, status, { base, remove: false });
  }

  /** Writes a pod's last status, then deletes the pod. */
  writeAndDelete(pod: Pod, status: PodStatus, base: PodStatus): void {
    this.#put(pod, status, { base, remove: true });
  }

  /** Whether nothing of a pod waits to be written: then the API server's status is the newest. */
  isIdle(uid: string): boolean {
    return !this.#pending.has(uid);
  }

  /** The pod is gone: nothing more is written of it. */
  forget(uid: string): void {
    const pending = this.#pending.get(uid);
    if (pending && !pending.busy) this.#pending.delete(uid);
  }

  stop(): void {
    this.#stopped = true;
    this.#pending.clear();
  }

  #put(pod: Pod, status: PodStatus, { base, remove }: { base: PodStatus; remove: boolean }): void {
    const uid = pod.metadata.uid ?? '';
    const known = this.#pending.get(uid);
    if (known) {
      if (isNewer(pod, known.baseOf)) Object.assign(known, { base, baseOf: pod });
      known.pod = pod;
      known.status = status;
      known.remove ||= remove;
      known.dirty = known.busy;
      return;
    }
    const since = this.#clock.monotonic();
    this.#pending.set(uid, { pod, status, base, baseOf: pod, remove, failures: 0, busy: false, dirty: false, since });
    this.#enqueue(uid);
  }

  #enqueue(uid: string): void {
    this.#queue.push(uid);
    this.#pump();
  }

  #pump(): void {
    while (!this.#stopped && this.#active < WRITES_MAX && this.#head < this.#queue.length) {
      const uid = this.#queue[this.#head++] ?? '';
      this.#trim();
      const pending = this.#pending.get(uid);
      if (!pending || pending.busy) continue;
      this.#active++;
      pending.busy = true;
      const release = () => {
        this.#active--;
        this.#pump();
      };
      this.#write(uid, pending).then(release, release);
    }
  }

  /** Lets go of what was taken from the queue's head. */
  #trim(): void {
    if (this.#head <= 4096 && this.#head < this.#queue.length) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  async #write(uid: string, pending: Pending): Promise<void> {
    const { pod, status } = pending;
    pending.dirty = false;
    try {
      const written = await this.#send(pod, status, pending);
      pending.failures = 0;
      // Others may have written since, and been heard of before we were answered.
      if (written && !isNewer(pending.baseOf, written)) Object.assign(pending, { base: status, baseOf: written });
      pending.busy = false;
      if (pending.dirty) this.#enqueue(uid);
      else this.#pending.delete(uid);
      if (!pending.dirty) this.#onWritten?.(pod, (this.#clock.monotonic() - pending.since) / 1000);
    } catch (error) {
      this.#failed(uid, pending, error);
    }
  }

  /** @returns the pod as it is with the status; undefined when there was nothing to write. */
  async #send(pod: Pod, status: PodStatus, pending: Pending): Promise<Pod | undefined> {
    const { name = '', namespace, uid } = pod.metadata;
    const changes = statusPatch(status, pending.base);
    const written = changes
      ? await this.#pods.patch(name, { metadata: { uid }, status: changes }, { namespace, type: 'strategic', subresource: 'status' })
      : undefined;
    if (pending.remove && !pending.dirty) await this.#pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    return written;
  }

  #failed(uid: string, pending: Pending, error: unknown): void {
    const isGone = error instanceof ApiError && (error.code === 404 || error.code === 409);
    if (isGone || this.#stopped) {
      this.#pending.delete(uid); // deleted, or replaced by another of the same name
      return;
    }
    const delayMs = Math.min(RETRY_MS * 2 ** pending.failures++, RETRY_MS_MAX);
    this.#logger.warn(
      { err: error, pod: pending.pod.metadata.name, namespace: pending.pod.metadata.namespace, delayMs },
      'status not written, will retry',
    );
    this.#clock.setTimer(delayMs, () => {
      pending.busy = false;
      this.#enqueue(uid);
    });
  }
}

/** The part of a status that differs, as a strategic merge patch; undefined when nothing does. */
export function statusPatch(status: PodStatus, base: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(status))
    if (key !== 'conditions' && value !== undefined && !isSame(value, partOf(base, key))) patch[key] = value;
  const conditions = changedConditions(status, base);
  if (conditions) {
    patch.conditions = conditions;
    const order = conditionOrder(status, base);
    if (order) patch['$setElementOrder/conditions'] = order;
  }
  for (const key of CLEARED) if (base[key] && status[key] === undefined) patch[key] = null;
  if (patch.podIPs && base.podIPs?.length) patch.podIPs = [{ $patch: 'replace' }, ...(status.podIPs ?? [])];
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** Fields that are taken out when they are no longer true. */
const CLEARED = ['reason', 'message', 'podIP', 'podIPs'] as const;

function changedConditions(status: PodStatus, base: PodStatus): unknown[] | undefined {
  const changed = (status.conditions ?? []).filter((condition) => {
    const old = base.conditions?.find(({ type }) => type === condition.type);
    return !old || !isSame(old, condition, 'lastProbeTime');
  });
  const cleared = changed.map((condition) => {
    const old = base.conditions?.find(({ type }) => type === condition.type);
    return {
      ...condition,
      ...(old?.reason && !condition.reason ? { reason: null } : {}),
      ...(old?.message && !condition.message ? { message: null } : {}),
    };
  });
  const patches = [...cleared, ...goneConditions(status, base)];
  return patches.length > 0 ? patches : undefined;
}

/**
 * Conditions of others stand before those of the agent, which stand in its order; said only where they do not already. Upstream:
 * `mergePodStatus`, `pkg/kubelet/status`.
 */
function conditionOrder({ conditions: told = [] }: PodStatus, { conditions: base = [] }: PodStatus): unknown[] | undefined {
  const isOther = ({ type }: PodCondition) => !OWN_CONDITIONS.has(type);
  if (base.length <= 1 && !base.some(isOther)) return undefined;
  const types = new Set([...told.filter(isOther), ...base.filter(isOther), ...told].map(({ type }) => type));
  const before = base.filter(({ type }) => types.has(type)).map(({ type }) => type);
  const order = [...types];
  return order.join() === before.join() ? undefined : order.map((type) => ({ type }));
}

/** Conditions of the node agent's own that are no longer told, such as those of a resize that is done. */
function goneConditions(status: PodStatus, base: PodStatus): unknown[] {
  const told = new Set(status.conditions?.map(({ type }) => type));
  const gone = (base.conditions ?? []).filter(({ type }) => OWN_CONDITIONS.has(type) && !told.has(type));
  return gone.map(({ type }) => ({ type, $patch: 'delete' }));
}

/** Deep equality of JSON values; absent and empty maps and lists of defaults do not count as equal. @param but a field that does not count. */
export function isSame(a: unknown, b: unknown, but?: string): boolean {
  if (a === b) return true;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  let surplus = 0;
  for (const key in a) {
    if (a[key] === undefined || key === but) continue;
    if (!isSame(a[key], partOf(b, key))) return false;
    surplus++;
  }
  for (const key in b) if (b[key] !== undefined && key !== but) surplus--;
  return surplus === 0;
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

const partOf = (tree: object, key: string): unknown => (isTree(tree) && Object.hasOwn(tree, key) ? tree[key] : undefined);
