import type { ServerResponse } from 'node:http';
import { type Call, containerOf, podOf } from './call.ts';
import type { StreamOptions } from './remote-command.ts';
import { RequestError } from './request-error.ts';
import type { LocatedPod } from './served-nodes.ts';
import type { StreamPurpose } from './streams.ts';

/** What a connection is asked for. @throws RequestError when it cannot be had */
export function purposeOf(call: Call): StreamPurpose {
  const [verb] = call.segments;
  switch (verb) {
    case 'exec':
    case 'attach':
      return { command: commandOf(call, verb) };
    case 'portForward':
      return forwardOf(call);
    default:
      throw new RequestError(404, '404 page not found');
  }
}

function commandOf(call: Call, verb: 'exec' | 'attach') {
  const located = podOf(call);
  const { runtime } = located.node;
  const id = containerIdOf(located, containerOf(call));
  const options = streamOptions(call.url.searchParams);
  const { stdin, stdout, stderr, tty } = options;
  if (!stdin && !stdout && !stderr) throw new RequestError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  if (verb === 'attach') {
    return {
      options,
      doing: 'attaching to',
      work: async (...[streams, signal]: Parameters<StreamPurposeWork>) => {
        await runtime.attach(id, streams, signal);
        return undefined;
      },
    };
  }
  const command = call.url.searchParams.getAll('command');
  return {
    options,
    doing: 'executing command in',
    work: (...[streams, signal]: Parameters<StreamPurposeWork>) => runtime.exec(id, { command, tty, streams, signal }),
  };
}

type StreamPurposeWork = Extract<StreamPurpose, { command: unknown }>['command']['work'];

function containerIdOf({ worker }: LocatedPod, container: string): string {
  const id = worker.containerId(container);
  if (id === undefined) throw new RequestError(404, `container not found ("${container}")`);
  return id;
}

/** Upstream's text for a port of a pod that nobody listens on. */
function forwardOf(call: Call): StreamPurpose {
  const { node, worker } = podOf(call);
  const { searchParams } = call.url;
  const ports = [...searchParams.getAll('port'), ...searchParams.getAll('ports')].flatMap((text) => text.split(',')).map(Number);
  return {
    ports,
    forward: async (port, input, output) => {
      const { sandboxId, pod } = worker;
      try {
        if (sandboxId === undefined) throw new Error('the pod has no sandbox');
        await node.runtime.connect(sandboxId, port).pipe(input, output);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(
          `error forwarding port ${port} to pod ${sandboxId ?? ''}, uid : failed to execute portforward in network namespace "/var/run/netns/cni-${pod.metadata.uid}": failed to connect to localhost:${port} inside namespace "${sandboxId ?? ''}", ${why}`,
        );
      }
    },
  };
}

/** Parameters of the kubelet's own URLs, and those of the API server's. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const asked = (...names: string[]) => names.some((name) => query.get(name) === '1' || query.get(name) === 'true');
  return { stdin: asked('input', 'stdin'), stdout: asked('output', 'stdout'), stderr: asked('error', 'stderr'), tty: asked('tty') };
}

/** How long a command of `/run` may take. */
const RUN_MS_MAX = 120_000;

/** `/run/NAMESPACE/POD/CONTAINER?cmd=…`: a command's output, in one answer. */
export async function runOnce(call: Call, response: ServerResponse): Promise<void> {
  const located = podOf(call);
  const id = containerIdOf(located, containerOf(call));
  const command = (call.url.searchParams.get('cmd') ?? '').split(' ').filter((word) => word !== '');
  const { stdout, stderr } = await located.node.runtime.execSync(id, command, RUN_MS_MAX);
  response.setHeader('content-type', 'text/plain').end(Buffer.concat([stdout, stderr]));
}
