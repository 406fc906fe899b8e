/** etcd's Maintenance service (server/etcdserver/api/v3rpc/maintenance.go). */
import { encodeEtcdSnapshot } from '../bolt/encode.ts';
import { ALARM_ACTION, MAINTENANCE_SERVICE, SnapshotResponse } from '../rpc/index.ts';
import { decodeSnapshot } from '../snapshot-codec.ts';
import { ALARM_NAMES, type Alarm } from './alarms.ts';
import { type Backend, ETCD_VERSION, headerOf, RAFT_TERM } from './backend.ts';
import { etcdError, toGrpcError } from './errors.ts';
import { frame } from './grpc/framing.ts';
import { type Route, streaming, unary } from './grpc/server.ts';
import { toWireKey } from './keys.ts';

const SHA256_BYTES = 32;
/** Bytes of a snapshot that are sent in a message. */
const SNAPSHOT_MESSAGE_BYTES = 64 * 1024;
/** What etcd tells as compact revision as long as nothing was compacted. */
const NEVER_COMPACTED = -1;

export function maintenanceRoutes(backend: Backend): Route[] {
  return [
    statusRoute(backend),
    alarmRoute(backend),
    defragmentRoute(backend),
    ...hashRoutes(backend),
    snapshotRoute(backend),
    moveLeaderRoute(backend),
  ];
}

const statusRoute = (backend: Backend): Route =>
  unary(MAINTENANCE_SERVICE.status, async () => {
    const { revision, sizeBytes, sizeInUseBytes } = await backend.store.status();
    return {
      header: headerOf(backend, revision),
      version: ETCD_VERSION,
      dbSize: sizeBytes,
      dbSizeInUse: sizeInUseBytes,
      dbSizeQuota: backend.quota.bytesMax ?? 0,
      leader: backend.memberId,
      // There is no log of proposals; each revision is one, as it were.
      raftIndex: revision,
      raftAppliedIndex: revision,
      raftTerm: Number(RAFT_TERM),
      errors: backend.alarms.get(0).map(alarmText),
    };
  });

/** As Go prints an `AlarmMember`. */
const alarmText = ({ memberId, alarm }: Alarm): string => `memberID:${memberId} alarm:${ALARM_NAMES[alarm] ?? alarm} `;

const alarmRoute = (backend: Backend): Route =>
  unary(MAINTENANCE_SERVICE.alarm, async ({ action, memberId, alarm }) => {
    const { alarms, logger } = backend;
    const wanted = { memberId, alarm };
    if (action === ALARM_ACTION.get) return { header: headerOf(backend), alarms: alarms.get(alarm) };
    const changed = action === ALARM_ACTION.activate ? await alarms.raise(wanted) : await alarms.disarm(wanted);
    logger.warn({ action, memberId: memberId.toString(16), alarm: ALARM_NAMES[alarm] ?? alarm }, 'alarm raised or disarmed by a client');
    return { header: headerOf(backend), alarms: changed };
  });

const defragmentRoute = (backend: Backend): Route =>
  unary(MAINTENANCE_SERVICE.defragment, async () => {
    await backend.store.defragment();
    return {};
  });

/** Of the state, not of etcd's file: equal wherever the same transactions were done on a nanokube store, and nowhere else. */
const hashRoutes = (backend: Backend): Route[] => [
  unary(MAINTENANCE_SERVICE.hash, async () => {
    const { revision, digest } = await backend.store.hash();
    return { header: headerOf(backend, revision), hash: digest.readUInt32BE() };
  }),
  unary(MAINTENANCE_SERVICE.hashKV, async ({ revision: wanted }) => {
    const { revision, compactRevision, digest } = await backend.store.hash(wanted > 0 ? wanted : undefined);
    return {
      header: headerOf(backend),
      hash: digest.readUInt32BE(),
      compactRevision: compactRevision || NEVER_COMPACTED,
      hashRevision: revision,
    };
  }),
];

/** A file as etcd's: what `etcdctl snapshot save` writes, its restore and `nanokube snapshot restore` read. */
const snapshotRoute = (backend: Backend): Route =>
  streaming(MAINTENANCE_SERVICE.snapshot, (call) => {
    const send = async () => {
      await using file = await encodeEtcdSnapshot({ items: decodeSnapshot(backend.store.snapshot()), keyBytes: toWireKey });
      let left = file.sizeBytes - SHA256_BYTES;
      for await (const chunk of file.chunks()) {
        for (let at = 0; at < chunk.length; at += SNAPSHOT_MESSAGE_BYTES) {
          const blob = chunk.subarray(at, at + SNAPSHOT_MESSAGE_BYTES);
          left = Math.max(0, left - blob.length);
          await call.room();
          call.send(frame(SnapshotResponse.encode({ remainingBytes: left, blob })));
        }
      }
    };
    return {
      onMessage: () => {
        send().then(
          () => call.finish(),
          (error: unknown) => call.finish(toGrpcError(error)),
        );
      },
    };
  });

const moveLeaderRoute = (backend: Backend): Route =>
  unary(MAINTENANCE_SERVICE.moveLeader, ({ targetId }) => {
    if (targetId !== backend.memberId) throw etcdError.badLeaderTransferee();
    return {};
  });
