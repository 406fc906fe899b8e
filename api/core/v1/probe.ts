import { int32, int64, intOrString, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { STOP_SIGNALS } from './signals.ts';

export const execAction = message('io.k8s.api.core.v1.ExecAction', '', () => ({
  command: list(item.string(), 1, '', { listType: 'atomic' }),
}));
export interface ExecAction extends Of<typeof execAction> {}

export const grpcAction = message('io.k8s.api.core.v1.GRPCAction', '', () => ({
  port: int32(1, '', { required: true }),
  service: string(2, '', { nullable: true }),
}));
export interface GRPCAction extends Of<typeof grpcAction> {}

export const httpHeader = message('io.k8s.api.core.v1.HTTPHeader', '', () => ({
  name: string(1, '', { required: true }),
  value: string(2, '', { required: true }),
}));
export interface HTTPHeader extends Of<typeof httpHeader> {}

export const httpGetAction = message('io.k8s.api.core.v1.HTTPGetAction', '', () => ({
  path: string(1, ''),
  port: intOrString(2, '', { required: true }),
  host: string(3, ''),
  scheme: string(4, '', { enum: ['HTTP', 'HTTPS'] }),
  httpHeaders: list(of(httpHeader), 5, '', { listType: 'atomic' }),
}));
export interface HTTPGetAction extends Of<typeof httpGetAction> {}

export const tcpSocketAction = message('io.k8s.api.core.v1.TCPSocketAction', '', () => ({
  port: intOrString(1, '', { required: true }),
  host: string(2, ''),
}));
export interface TCPSocketAction extends Of<typeof tcpSocketAction> {}

export const sleepAction = message('io.k8s.api.core.v1.SleepAction', '', () => ({
  seconds: int64(1, '', { required: true }),
}));
export interface SleepAction extends Of<typeof sleepAction> {}

export const lifecycleHandler = message('io.k8s.api.core.v1.LifecycleHandler', '', () => ({
  exec: ref(execAction, 1, '', { pointer: true }),
  httpGet: ref(httpGetAction, 2, '', { pointer: true }),
  tcpSocket: ref(tcpSocketAction, 3, '', { pointer: true }),
  sleep: ref(sleepAction, 4, '', { pointer: true }),
}));
export interface LifecycleHandler extends Of<typeof lifecycleHandler> {}

export const lifecycle = message('io.k8s.api.core.v1.Lifecycle', '', () => ({
  postStart: ref(lifecycleHandler, 1, '', { pointer: true }),
  preStop: ref(lifecycleHandler, 2, '', { pointer: true }),
  stopSignal: string(3, '', { pointer: true, enum: STOP_SIGNALS }),
}));
export interface Lifecycle extends Of<typeof lifecycle> {}

export const probe = message('io.k8s.api.core.v1.Probe', '', () => ({
  exec: ref(execAction, [1, 1], '', { pointer: true }),
  httpGet: ref(httpGetAction, [1, 2], '', { pointer: true }),
  tcpSocket: ref(tcpSocketAction, [1, 3], '', { pointer: true }),
  grpc: ref(grpcAction, [1, 4], '', { pointer: true }),
  initialDelaySeconds: int32(2, ''),
  timeoutSeconds: int32(3, ''),
  periodSeconds: int32(4, ''),
  successThreshold: int32(5, ''),
  failureThreshold: int32(6, ''),
  terminationGracePeriodSeconds: int64(7, '', { pointer: true }),
}));
export interface Probe extends Of<typeof probe> {}
