import { type Container, type ContainerStatus, humanDuration, type Pod, type PodStatus, parseTime } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';
import { ageOf } from '../shared.ts';

const NONE = '<none>';

/** What `kubectl get pods` shows. */
export function podTableRow(pod: Pod, now: number): unknown[] {
  const { spec, status, metadata } = pod;
  const summary = summarise(pod);
  const ips = listOf(status.podIPs);
  return [
    metadata.name,
    `${summary.ready}/${listOf(spec.containers).length + listOf(spec.initContainers).filter(isSidecar).length}`,
    summary.reason,
    restartsText(summary.restarts, now),
    ageOf(metadata.creationTimestamp, now),
    ips[0]?.ip || NONE,
    spec.nodeName || NONE,
    status.nominatedNodeName || NONE,
    readinessGatesText(pod),
  ];
}

/** Upstream marks rows of finished pods, which kubectl no longer shows. */
export function podRowConditions({ status }: Pod): readonly RowCondition[] | undefined {
  if (status.phase === 'Succeeded') return [completed('Succeeded', 'The pod has completed successfully.')];
  if (status.phase === 'Failed') return [completed('Failed', 'The pod failed.')];
  return undefined;
}

interface RowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const completed = (reason: string, message: string): RowCondition => ({ type: 'Completed', status: 'True', reason, message });

const isSidecar = (container: Container | undefined): boolean => container?.restartPolicy === 'Always';

interface Restarts {
  readonly count: number;
  /** When the last container before a restart ended; 0 when unknown. */
  readonly last: number;
}

const NO_RESTARTS: Restarts = { count: 0, last: 0 };

const addRestarts = ({ count, last }: Restarts, { restartCount, lastState }: ContainerStatus): Restarts => {
  const finishedAt = lastState?.terminated?.finishedAt;
  return { count: count + restartCount, last: Math.max(last, finishedAt ? parseTime(finishedAt) : 0) };
};

interface Summary {
  readonly reason: string;
  readonly ready: number;
  readonly restarts: Restarts;
}

function summarise(pod: Pod): Summary {
  const { status, metadata } = pod;
  const gated = listOf(status.conditions).some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const init = summariseInit(pod);
  let reason = init.reason ?? (gated ? 'SchedulingGated' : status.reason || (status.phase ?? ''));
  let { ready, restarts } = init;
  if (init.reason === undefined || hasTrueCondition(status, 'Initialized')) {
    const main = summariseMain(status, reason);
    reason = main.reason;
    ready += main.ready;
    restarts = listOf(status.containerStatuses).reduce(addRestarts, init.sidecarRestarts);
  }
  if (metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating';
  }
  return { reason, ready, restarts };
}

interface InitSummary {
  /** What initialisation waits for; undefined when it is over. */
  readonly reason: string | undefined;
  /** Sidecars that are ready. */
  readonly ready: number;
  readonly restarts: Restarts;
  readonly sidecarRestarts: Restarts;
}

/** Init containers up to the first that is not done. */
function summariseInit({ spec, status }: Pod): InitSummary {
  const containers = new Map(listOf(spec.initContainers).map((container) => [container.name, container]));
  let restarts = NO_RESTARTS;
  let sidecarRestarts = NO_RESTARTS;
  let ready = 0;
  for (const [i, state] of listOf(status.initContainerStatuses).entries()) {
    const sidecar = isSidecar(containers.get(state.name));
    restarts = addRestarts(restarts, state);
    if (sidecar) sidecarRestarts = addRestarts(sidecarRestarts, state);
    if (state.state?.terminated?.exitCode === 0) continue;
    if (sidecar && state.started) {
      if (state.ready) ready++;
      continue;
    }
    return { reason: initReason(state, `${i}/${containers.size}`), ready, restarts, sidecarRestarts };
  }
  return { reason: undefined, ready, restarts, sidecarRestarts };
}

function initReason({ state }: ContainerStatus, progress: string): string {
  const { terminated, waiting } = state ?? {};
  if (terminated) return `Init:${terminated.reason || exitText(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${progress}`;
}

const exitText = ({ signal, exitCode }: { readonly signal?: number | undefined; readonly exitCode: number }): string =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;

/** The main containers, of which the first that has something to say is heard. */
function summariseMain(status: PodStatus, before: string): { reason: string; ready: number } {
  let reason = before;
  let ready = 0;
  for (const { state, ready: isReady } of listOf(status.containerStatuses).toReversed()) {
    const { waiting, terminated, running } = state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) reason = terminated.reason || exitText(terminated);
    else if (isReady && running) ready++;
  }
  if (reason === 'Completed' && ready > 0) reason = hasTrueCondition(status, 'Ready') ? 'Running' : 'NotReady';
  return { reason, ready };
}

const hasTrueCondition = ({ conditions }: PodStatus, wanted: string): boolean =>
  listOf(conditions).some(({ type, status }) => type === wanted && status === 'True');

const restartsText = ({ count, last }: Restarts, now: number): string =>
  count !== 0 && last !== 0 ? `${count} (${humanDuration(now - last)} ago)` : String(count);

function readinessGatesText({ spec, status }: Pod): string {
  const gates = listOf(spec.readinessGates);
  if (gates.length === 0) return NONE;
  const open = gates.filter(({ conditionType }) => listOf(status.conditions).find(({ type }) => type === conditionType)?.status === 'True');
  return `${open.length}/${gates.length}`;
}
