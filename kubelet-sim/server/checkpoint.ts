import { RuntimeError } from '../runtime/cri.ts';
import { type Call, containerOf, podOf } from './call.ts';
import { RequestError } from './request-error.ts';

/** What a runtime says that cannot keep the memory of a container's processes. */
const UNIMPLEMENTED = new RuntimeError('Unimplemented', 'method CheckpointContainer not implemented');

/**
 * `/checkpoint/NAMESPACE/POD/CONTAINER`: the runtime is asked for what its simulated processes do not have. Upstream: `checkpoint`,
 * `pkg/kubelet/server/server.go`.
 *
 * @throws RequestError (404, 500)
 */
export function checkpoint(call: Call): never {
  const [, namespace = '', name = ''] = call.segments;
  const { node, worker } = podOf(call, 'pod does not exist');
  const container = containerOf(call);
  const { containers, initContainers = [], ephemeralContainers = [] } = worker.pod.spec;
  if (![...containers, ...initContainers, ...ephemeralContainers].some((each) => each.name === container))
    throw new RequestError(404, `container ${container} does not exist`);
  const timeouts = call.url.searchParams.getAll('timeout');
  if (timeouts.length > 0 && !/^[+-]?\d+$/.test(timeouts.at(-1) ?? ''))
    throw new RequestError(404, 'cannot parse value of timeout parameter');
  const failed = (why: string) => new RequestError(500, `checkpointing of ${namespace}/${name}/${container} failed (${why})`);
  if (worker.containerId(container) === undefined) throw failed(`container ${container} not found`);
  node.counts.operated('checkpoint_container', 0, false);
  throw failed(UNIMPLEMENTED.message);
}
