import type { NodeCondition } from '../../api/index.ts';

/** What a node can be short of. */
export type Pressure = 'memory' | 'disk' | 'pid';

export interface NodeHealth {
  readonly pressures: ReadonlySet<Pressure>;
  /** Why the node takes no pods, as its Ready condition says; undefined when it does. */
  readonly notReady?: string | undefined;
}

type Finding = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

interface Told {
  readonly type: string;
  readonly short: readonly [reason: string, message: string, event: string];
  readonly enough: readonly [reason: string, message: string, event: string];
}

/** How each is told of (upstream `pkg/kubelet/nodestatus/setters.go`). */
const TOLD: Readonly<Record<Pressure, Told>> = {
  memory: {
    type: 'MemoryPressure',
    short: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available', 'NodeHasInsufficientMemory'],
    enough: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available', 'NodeHasSufficientMemory'],
  },
  disk: {
    type: 'DiskPressure',
    short: ['KubeletHasDiskPressure', 'kubelet has disk pressure', 'NodeHasDiskPressure'],
    enough: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure', 'NodeHasNoDiskPressure'],
  },
  pid: {
    type: 'PIDPressure',
    short: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available', 'NodeHasInsufficientPID'],
    enough: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available', 'NodeHasSufficientPID'],
  },
};

const PRESSURES: readonly Pressure[] = ['memory', 'disk', 'pid'];

/** The conditions of a node, in the order a kubelet writes them. */
export function findingsOf({ pressures, notReady }: NodeHealth): Finding[] {
  const own = PRESSURES.map((pressure): Finding => {
    const { type, short, enough } = TOLD[pressure];
    const [reason, message] = pressures.has(pressure) ? short : enough;
    return { type, status: pressures.has(pressure) ? 'True' : 'False', reason, message };
  });
  const ready: Finding =
    notReady === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: notReady };
  return [...own, ready];
}

/** Reasons of the events that tell how a node's conditions have changed; the message is `Node NAME status is now: REASON`. */
export function healthEvents(before: NodeHealth, after: NodeHealth): string[] {
  const changed = PRESSURES.filter((pressure) => before.pressures.has(pressure) !== after.pressures.has(pressure));
  const reasons = changed.map((pressure) => TOLD[pressure][after.pressures.has(pressure) ? 'short' : 'enough'][2]);
  if ((before.notReady === undefined) === (after.notReady === undefined)) return reasons;
  return [...reasons, after.notReady === undefined ? 'NodeReady' : 'NodeNotReady'];
}

/**
 * What a kubelet tells of its node each time it starts, as reason and message: it sets its conditions anew, which is why the good ones are
 * told of (upstream `BirthCry`, `setters.go`, `pkg/kubelet/cm/node_container_manager_linux.go`).
 */
export function startEvents(name: string, { pressures }: NodeHealth): (readonly [reason: string, message: string])[] {
  const conditions = PRESSURES.map((pressure) => TOLD[pressure][pressures.has(pressure) ? 'short' : 'enough'][2]);
  return [
    ['Starting', 'Starting kubelet.'],
    ...conditions.map((reason) => [reason, `Node ${name} status is now: ${reason}`] as const),
    ['NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods'],
  ];
}

/** Reasons of the events of conditions that a controller had set to Unknown, for it had not heard of the node, and that are known again. */
export function heardOfAgain(before: readonly NodeCondition[], { pressures, notReady }: NodeHealth): string[] {
  const unknown = new Set(before.filter(({ status }) => status === 'Unknown').map(({ type }) => type));
  const reasons = PRESSURES.filter((pressure) => unknown.has(TOLD[pressure].type)).map(
    (pressure) => TOLD[pressure][pressures.has(pressure) ? 'short' : 'enough'][2],
  );
  if (!unknown.has('Ready')) return reasons;
  return [...reasons, notReady === undefined ? 'NodeReady' : 'NodeNotReady'];
}

/** The conditions, in the words of a rejection: `MemoryPressure`. */
export const conditionTypes = (pressures: ReadonlySet<Pressure>): string[] =>
  PRESSURES.filter((pressure) => pressures.has(pressure)).map((pressure) => TOLD[pressure].type);

export const HEALTHY: NodeHealth = { pressures: new Set() };
