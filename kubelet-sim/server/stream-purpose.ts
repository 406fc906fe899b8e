import type { ServerResponse } from 'node:http';
import { containersOf } from '../pod/container-names.ts';
import { type Connection, RuntimeError } from '../runtime/cri.ts';
import { type Call, containerOf, podOf } from './call.ts';
import { CHANNEL_PROTOCOLS } from './port-forward.ts';
import type { RemoteCommand, StreamOptions, StreamWork } from './remote-command.ts';
import { NO_PAGE, RequestError } from './request-error.ts';
import type { LocatedPod } from './served-nodes.ts';
import type { StreamPurpose } from './streams.ts';

/** What a connection is asked for. @throws RequestError when it cannot be had */
export function purposeOf(call: Call): StreamPurpose {
  const [verb] = call.segments;
  switch (verb) {
    case 'exec':
    case 'attach':
      return { command: isTranslated(call.request) ? translated(call, verb) : commandOf(call, verb) };
    case 'portForward':
      return forwardOf(call);
    case 'podProxy':
      return { connection: connectionOf(call) };
    default:
      throw new RequestError(404, NO_PAGE);
  }
}

function commandOf(call: Call, verb: 'exec' | 'attach'): RemoteCommand {
  const located = podOf(call);
  const { runtime } = located.node;
  const container = containerOf(call);
  const options = streamOptions(call.url.searchParams);
  const { stdin, stdout, stderr, tty } = options;
  if (!stdin && !stdout && !stderr) throw new RequestError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  const id = runningId(located, container);
  if (id === undefined) {
    const { name, namespace } = located.worker.pod.metadata;
    const why = verb === 'exec' ? notFound(container) : `container ${container} not found in pod ${name}_${namespace}`;
    throw new RequestError(500, why);
  }
  if (verb === 'attach') {
    if (stderr && !tty && hasTerminal(located, container)) throw new RequestError(500, TTY_AND_STDERR);
    return {
      options,
      doing: 'attaching to',
      work: async (...[streams, signal]: Parameters<StreamWork>) => {
        await runtime.attach(id, streams, signal);
        return undefined;
      },
    };
  }
  const command = call.url.searchParams.getAll('command');
  return {
    options,
    doing: 'executing command in',
    argv: command,
    work: (...[streams, signal]: Parameters<StreamWork>) =>
      // For what reads from its client the end of that input is the end: until then it works on what it was sent.
      runtime.exec(id, { command, tty, streams, signal: streams.stdin ? new AbortController().signal : signal }),
  };
}

/** The runtime joins both outputs of a process that has a terminal (cri-api's `AttachRequest`); whether it has one is the container's to say. */
const TTY_AND_STDERR = 'rpc error: code = InvalidArgument desc = tty and stderr cannot both be true';
const hasTerminal = ({ worker }: LocatedPod, container: string): boolean =>
  containersOf(worker.pod).some(({ container: { name, tty } }) => tty === true && name === container);

const notFound = (container: string): string => `container not found ("${container}")`;

/** Of a container that runs: the kubelet looks for no other (upstream: `findContainer`, `pkg/kubelet/kubelet_pods.go`). */
function runningId({ node, worker }: LocatedPod, container: string): string | undefined {
  const id = worker.containerId(container);
  return id !== undefined && node.runtime.containerStatus(id)?.state === 'running' ? id : undefined;
}

/**
 * A command for clients who speak v5. They talk to upstream's API server, which asks the kubelet over SPDY, and tells them inside the
 * connection how that went. Upstream: `staging/src/k8s.io/apiserver/pkg/util/proxy/streamtranslator.go`.
 */
function translated(call: Call, verb: 'exec' | 'attach'): RemoteCommand {
  try {
    return { ...commandOf(call, verb), isTranslated: true };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { options: streamOptions(call.url.searchParams), refusal: `unable to upgrade connection: ${error.message.trim()}` };
  }
}

const isTranslated = ({ headers }: Call['request']): boolean => headers['sec-websocket-protocol']?.includes('v5.channel.k8s.io') === true;

const isOfChannels = ({ headers }: Call['request']): boolean =>
  CHANNEL_PROTOCOLS.some((protocol) => headers['sec-websocket-protocol']?.includes(protocol));

/** Upstream: `NewV4Options`, `staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go`. @throws RequestError (400) */
function portOf(text: string): number {
  if (text === '') throw new RequestError(400, 'query parameter "port" cannot be empty');
  const why = /^\d+$/.test(text) ? Number(text) > PORT_MAX && 'value out of range' : 'invalid syntax';
  if (why) throw new RequestError(400, `unable to parse "${text}" as a port: strconv.ParseUint: parsing "${text}": ${why}`);
  if (Number(text) === 0) throw new RequestError(400, `port "${text}" must be > 0`);
  return Number(text);
}

const PORT_MAX = 65_535;

function forwardOf(call: Call): StreamPurpose {
  const { node, worker } = podOf(call);
  const { searchParams } = call.url;
  const uid = call.segments[3] ?? '';
  // Only here is the UID of the path looked at: commands go by the pod's name.
  if (uid !== '' && uid !== worker.pod.metadata.uid) throw new RequestError(404, 'pod not found');
  const texts = [...searchParams.getAll('port'), ...searchParams.getAll('ports')].flatMap((text) => text.split(','));
  const ports = texts.map(portOf);
  if (ports.length === 0 && isOfChannels(call.request)) throw new RequestError(400, 'query parameter "port" is required');
  return {
    ports,
    forward: async (port, input, output) => {
      await connectTo(worker, node, port).pipe(input, output);
    },
  };
}

/** @throws Error in containerd's words, for a port of a pod that nobody listens on (`internal/cri/server/sandbox_portforward_linux.go`) */
function connectTo({ sandboxId = '', pod }: LocatedPod['worker'], { runtime }: LocatedPod['node'], port: number): Connection {
  try {
    return runtime.connect(sandboxId, port);
  } catch (cause) {
    const refused = (host: string) => `${host}:${port}: connect: connection refused`;
    throw new Error(
      `error forwarding port ${port} to pod ${sandboxId}, uid : failed to execute portforward in network namespace "/var/run/netns/cni-${pod.metadata.uid}": ` +
        `failed to connect to localhost:${port} inside namespace "${sandboxId}", IPv4: dial tcp4 ${refused('127.0.0.1')} IPv6 dial tcp6 ${refused('[::1]')}`,
      { cause },
    );
  }
}

/**
 * `/podProxy/NAMESPACE/POD/PORT` with `Upgrade: tcp`: the bytes of a port of a pod, for the API server, which is not on the pods' network as
 * upstream's is.
 */
function connectionOf(call: Call): Connection {
  const { node, worker } = podOf(call);
  const port = Number(call.segments[3]);
  if (call.request.headers.upgrade !== 'tcp' || !Number.isInteger(port)) throw new RequestError(404, NO_PAGE);
  const sandbox = worker.sandboxId === undefined ? undefined : node.runtime.podSandboxStatus(worker.sandboxId);
  try {
    if (sandbox?.ready) return node.runtime.connect(sandbox.id, port);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
  }
  throw new RequestError(503, `dial tcp :${port}: connect: connection refused`);
}

/** Parameters of the kubelet's own URLs, and those of the API server's. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const asked = (...names: string[]) => names.some((name) => query.get(name) === '1' || query.get(name) === 'true');
  return { stdin: asked('input', 'stdin'), stdout: asked('output', 'stdout'), stderr: asked('error', 'stderr'), tty: asked('tty') };
}

/** How long a command of `/run` may take. */
const RUN_MS_MAX = 120_000;

/**
 * `/run/NAMESPACE/POD/CONTAINER?cmd=…`: a command's output, in one answer. Upstream: `getRun`, `pkg/kubelet/server/server.go`.
 *
 * @throws RequestError (404, 500)
 */
export async function runOnce(call: Call, response: ServerResponse): Promise<void> {
  const located = podOf(call);
  const id = runningId(located, containerOf(call));
  if (id === undefined) throw new RequestError(500, notFound(containerOf(call)));
  const command = (call.url.searchParams.get('cmd') ?? '').split(' ');
  const { stdout, stderr, exitCode } = await located.node.runtime.execSync(id, command, RUN_MS_MAX).catch(failed);
  if (exitCode !== 0) throw new RequestError(500, `command '${command.join(' ')}' exited with ${exitCode}: ${stderr.toString()}`);
  response.setHeader('content-type', 'application/json').end(Buffer.concat([stdout, stderr]));
}

const failed = (error: unknown): never => {
  throw error instanceof RuntimeError ? new RequestError(500, error.message) : error;
};
