/** etcd's Lease service (server/etcdserver/api/v3rpc/lease.go). */
import { LEASE_SERVICE, LeaseKeepAliveResponse } from '../rpc/index.ts';
import { type LeaseId, StoreError } from '../store.ts';
import { type Backend, headerOf } from './backend.ts';
import { toGrpcError } from './errors.ts';
import type { StreamCall, StreamHandler } from './grpc/call.ts';
import { frame } from './grpc/framing.ts';
import { type Route, streaming, unary } from './grpc/server.ts';
import { GRPC_CODE, GrpcError } from './grpc/status.ts';
import { toWireKey } from './keys.ts';
import { LEASE_COST_BYTES } from './kv/cost.ts';
import { checkRoom } from './kv/kv-service.ts';

/** The shortest lease that etcd grants with its default election time-out (server/lease/lessor.go, `minLeaseTTL`). */
const TTL_SECONDS_MIN = 2;

export function leaseRoutes(backend: Backend): Route[] {
  return [
    grantRoute(backend),
    revokeRoute(backend),
    streaming(LEASE_SERVICE.leaseKeepAlive, (call) => keepAlives(backend, call)),
    timeToLiveRoute(backend),
    leasesRoute(backend),
  ];
}

const grantRoute = (backend: Backend): Route =>
  unary(LEASE_SERVICE.leaseGrant, async ({ id: wanted, ttl }) => {
    await checkRoom(backend, LEASE_COST_BYTES);
    backend.alarms.checkWrite(true);
    if (wanted < 0n) throw new GrpcError(GRPC_CODE.invalidArgument, 'etcdserver: ids of leases are above 0 here');
    const { id, ttlSeconds } = await backend.store.leases.grant({
      ttlSeconds: Math.max(ttl, TTL_SECONDS_MIN),
      id: wanted === 0n ? undefined : wanted,
    });
    return { header: headerOf(backend), id, ttl: ttlSeconds };
  });

const revokeRoute = (backend: Backend): Route =>
  unary(LEASE_SERVICE.leaseRevoke, async ({ id }) => {
    backend.alarms.checkWrite(false);
    const revision = await backend.store.leases.revoke(id);
    return { header: headerOf(backend, revision) };
  });

/** One that is not there has -1 seconds left. */
const timeToLiveRoute = (backend: Backend): Route =>
  unary(LEASE_SERVICE.leaseTimeToLive, async ({ id, keys: wanted }) => {
    const found = await orNone(backend.store.leases.timeToLive(id, { keys: wanted }));
    if (!found) return { header: headerOf(backend), id, ttl: -1 };
    const { remainingSeconds, ttlSeconds, keys } = found;
    return { header: headerOf(backend), id, ttl: remainingSeconds, grantedTtl: ttlSeconds, keys: keys?.map(toWireKey) };
  });

const leasesRoute = (backend: Backend): Route =>
  unary(LEASE_SERVICE.leaseLeases, async () => {
    const ids = await backend.store.leases.list();
    return { header: headerOf(backend), leases: ids.map((id) => ({ id })) };
  });

/** Each renewal is answered, in the order of asking; one of a lease that is not there with a TTL of 0. */
function keepAlives(backend: Backend, call: StreamCall): StreamHandler<{ readonly id: LeaseId }> {
  let answered: Promise<void> = Promise.resolve();
  const renew = async (id: LeaseId) => {
    // The revision of before: the lease was still there then.
    const header = headerOf(backend);
    const lease = await orNone(backend.store.leases.keepAlive(id));
    call.send(frame(LeaseKeepAliveResponse.encode({ header, id, ttl: lease?.ttlSeconds ?? 0 })));
  };
  return {
    onMessage: ({ id }) => {
      answered = answered.then(() => renew(id)).catch((error: unknown) => call.finish(toGrpcError(error)));
    },
    onEnd: () => {
      answered = answered.then(() => call.finish());
    },
  };
}

async function orNone<T>(lookUp: Promise<T>): Promise<T | undefined> {
  try {
    return await lookUp;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'LeaseNotFound') return undefined;
    throw error;
  }
}
