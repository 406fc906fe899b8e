import type { ContainerStatus } from '../../api/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { LogEntry } from '../runtime/cri.ts';
import { RequestError, UntypedError } from './request-error.ts';
import type { LocatedPod } from './served-nodes.ts';

/** The log of a container. @throws RequestError with upstream's text when there is none */
export function openLog(
  { node, worker }: LocatedPod,
  container: string,
  options: { previous: boolean; follow: boolean; signal: AbortSignal },
): AsyncIterable<readonly LogEntry[]> {
  const id = idOfLog(worker.pod.metadata.name, container, statusOf(worker, container), options.previous);
  if (!node.runtime.containerStatus(id))
    throw new UntypedError(
      400,
      `failed to try resolving symlinks in path "/var/log/pods/${worker.pod.metadata.uid}/${container}": no such file or directory`,
    );
  return node.runtime.readLog(id, options);
}

function statusOf(worker: PodWorker, container: string): ContainerStatus | undefined {
  const { spec } = worker.pod;
  const isThere = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].some(
    ({ name }) => name === container,
  );
  if (!isThere) throw new RequestError(404, `container "${container}" not found in pod "${worker.pod.metadata.name}"`);
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = worker.status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(({ name }) => name === container);
}

/** The instance that a status names: that which waits to start again shows how the last one went. Upstream: `validateContainerLogStatus`. */
function idOfLog(pod: string, container: string, status: ContainerStatus | undefined, previous: boolean): string {
  const { state, lastState, containerID = '' } = status ?? {};
  const last = lastState?.terminated?.containerID ?? '';
  if (previous && last === '') throw new UntypedError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
  const shown = state?.running ? containerID : (state?.terminated?.containerID ?? '');
  const id = previous ? last : shown || last;
  if (id !== '') return id.slice(id.indexOf('://') + 3);
  const where = `container "${container}" in pod "${pod}"`;
  if (state?.terminated || lastState?.terminated) throw new UntypedError(400, `${where} is terminated`);
  throw new UntypedError(400, `${where} is waiting to start: ${waitingText(state?.waiting?.reason)}`);
}

function waitingText(reason = 'ContainerCreating'): string {
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}
