import { int32, int64, intOrString, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { STOP_SIGNALS } from './signals.ts';

export const execAction = message('io.k8s.api.core.v1.ExecAction', 'Runs a command inside the container; exit code 0 is success.', () => ({
  command: list(item.string(), 1, 'Program and arguments, started in the root directory without a shell.', { listType: 'atomic' }),
}));
export interface ExecAction extends Of<typeof execAction> {}

export const grpcAction = message('io.k8s.api.core.v1.GRPCAction', 'Calls the gRPC health service on a port.', () => ({
  port: int32(1, 'Port of the service, 1 to 65535.', { required: true }),
  service: string(2, 'Service name put in the health request; empty asks about the server as a whole.', { nullable: true, default: '' }),
}));
export interface GRPCAction extends Of<typeof grpcAction> {}

export const httpHeader = message('io.k8s.api.core.v1.HTTPHeader', 'A header to send with a probe.', () => ({
  name: string(1, 'Header name; upper and lower case make no difference.', { required: true }),
  value: string(2, 'Header value.', { required: true }),
}));
export interface HTTPHeader extends Of<typeof httpHeader> {}

export const httpGetAction = message('io.k8s.api.core.v1.HTTPGetAction', 'Fetches a URL; any status from 200 to 399 is success.', () => ({
  path: string(1, 'Path to fetch; / unless given.'),
  port: intOrString(2, "Port number, 1 to 65535, or the name of one of the container's ports.", { required: true }),
  host: string(3, "Host to connect to; the pod's IP unless given. For virtual hosts set the Host header instead."),
  scheme: string(4, 'HTTP unless given; certificates are not verified for HTTPS.', { enum: ['HTTP', 'HTTPS'] }),
  httpHeaders: list(of(httpHeader), 5, 'Headers to send; a name may come more than once.', { listType: 'atomic' }),
}));
export interface HTTPGetAction extends Of<typeof httpGetAction> {}

export const tcpSocketAction = message('io.k8s.api.core.v1.TCPSocketAction', 'Opens a TCP connection; that it opens is success.', () => ({
  port: intOrString(1, "Port number, 1 to 65535, or the name of one of the container's ports.", { required: true }),
  host: string(2, "Host to connect to; the pod's IP unless given."),
}));
export interface TCPSocketAction extends Of<typeof tcpSocketAction> {}

export const sleepAction = message('io.k8s.api.core.v1.SleepAction', 'Waits a while and does nothing.', () => ({
  seconds: int64(1, 'Seconds to wait.', { required: true }),
}));
export interface SleepAction extends Of<typeof sleepAction> {}

export const lifecycleHandler = message('io.k8s.api.core.v1.LifecycleHandler', 'What a hook does; exactly one action.', () => ({
  exec: ref(execAction, 1, 'Run a command in the container.', { pointer: true }),
  httpGet: ref(httpGetAction, 2, 'Send an HTTP request.', { pointer: true }),
  tcpSocket: ref(tcpSocketAction, 3, 'Kept for old clients; a hook that uses it fails.', { pointer: true }),
  sleep: ref(sleepAction, 4, 'Wait a number of seconds.', { pointer: true }),
}));
export interface LifecycleHandler extends Of<typeof lifecycleHandler> {}

export const lifecycle = message('io.k8s.api.core.v1.Lifecycle', 'What to run after a container starts and before it stops.', () => ({
  postStart: ref(lifecycleHandler, 1, 'Runs right after the start, beside the entrypoint; if it fails the container is killed.', {
    pointer: true,
  }),
  preStop: ref(lifecycleHandler, 2, 'Runs before the stop signal, within the grace period; not when the container ends by itself.', {
    pointer: true,
  }),
  stopSignal: string(3, "Signal that asks the container to stop; needs os.name in the pod. The image's unless given.", {
    pointer: true,
    enum: STOP_SIGNALS,
  }),
}));
export interface Lifecycle extends Of<typeof lifecycle> {}

export const probe = message(
  'io.k8s.api.core.v1.Probe',
  'A check that the kubelet makes of a container again and again; exactly one action.',
  () => ({
    exec: ref(execAction, [1, 1], 'Run a command in the container.', { pointer: true }),
    httpGet: ref(httpGetAction, [1, 2], 'Send an HTTP request.', { pointer: true }),
    tcpSocket: ref(tcpSocketAction, [1, 3], 'Open a TCP connection.', { pointer: true }),
    grpc: ref(grpcAction, [1, 4], 'Call the gRPC health service.', { pointer: true }),
    initialDelaySeconds: int32(2, "Seconds from the container's start to the first check; 0 unless given."),
    timeoutSeconds: int32(3, 'Seconds until a check without an answer counts as failed; 1 unless given.'),
    periodSeconds: int32(4, 'Seconds from one check to the next; 10 unless given, at least 1.'),
    successThreshold: int32(5, 'Passes in a row that count as success after a failure; 1, and only readiness may ask for more.'),
    failureThreshold: int32(6, 'Failures in a row that count as failure; 3 unless given, at least 1.'),
    terminationGracePeriodSeconds: int64(7, "Grace period of a kill by this probe, instead of the pod's; at least 1, not for readiness.", {
      pointer: true,
    }),
  }),
);
export interface Probe extends Of<typeof probe> {}
