/** gRPC's health service (grpc/doc/health-checking.md), which etcd answers for the whole server, the service of no name. */
import { HEALTH_SERVICE, HEALTH_STATUS, HealthCheckResponse } from '../rpc/index.ts';
import { frame } from './grpc/framing.ts';
import { type Route, streaming, unary } from './grpc/server.ts';
import { GRPC_CODE, GrpcError } from './grpc/status.ts';

export const healthRoutes = (): Route[] => [
  unary(HEALTH_SERVICE.check, ({ service }) => {
    if (service !== '') throw new GrpcError(GRPC_CODE.notFound, 'unknown service');
    return { status: HEALTH_STATUS.serving };
  }),
  // The status does not change: a server that stops ends the call.
  streaming(HEALTH_SERVICE.watch, (call) => ({
    onMessage: ({ service }) => {
      const status = service === '' ? HEALTH_STATUS.serving : HEALTH_STATUS.serviceUnknown;
      call.send(frame(HealthCheckResponse.encode({ status })));
    },
  })),
];
