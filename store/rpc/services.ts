/** etcd's gRPC services, and gRPC's own of health, as `@grpc/grpc-js` takes them for clients and servers alike. */
import { methodsOf } from '../../runtime/grpc.ts';
import * as etcd from './etcd.ts';

const kv = methodsOf('etcdserverpb.KV');
export const KV_SERVICE = {
  range: kv('Range', etcd.RangeRequest, etcd.RangeResponse),
  put: kv('Put', etcd.PutRequest, etcd.PutResponse),
  deleteRange: kv('DeleteRange', etcd.DeleteRangeRequest, etcd.DeleteRangeResponse),
  txn: kv('Txn', etcd.TxnRequest, etcd.TxnResponse),
  compact: kv('Compact', etcd.CompactionRequest, etcd.CompactionResponse),
};

const watch = methodsOf('etcdserverpb.Watch');
export const WATCH_SERVICE = { watch: watch('Watch', etcd.WatchRequest, etcd.WatchResponse, { request: true, response: true }) };

const lease = methodsOf('etcdserverpb.Lease');
export const LEASE_SERVICE = {
  leaseGrant: lease('LeaseGrant', etcd.LeaseGrantRequest, etcd.LeaseGrantResponse),
  leaseRevoke: lease('LeaseRevoke', etcd.LeaseRevokeRequest, etcd.LeaseRevokeResponse),
  leaseKeepAlive: lease('LeaseKeepAlive', etcd.LeaseKeepAliveRequest, etcd.LeaseKeepAliveResponse, { request: true, response: true }),
  leaseTimeToLive: lease('LeaseTimeToLive', etcd.LeaseTimeToLiveRequest, etcd.LeaseTimeToLiveResponse),
  leaseLeases: lease('LeaseLeases', etcd.LeaseLeasesRequest, etcd.LeaseLeasesResponse),
};

const cluster = methodsOf('etcdserverpb.Cluster');
export const CLUSTER_SERVICE = {
  memberAdd: cluster('MemberAdd', etcd.MemberAddRequest, etcd.MemberAddResponse),
  memberRemove: cluster('MemberRemove', etcd.MemberRemoveRequest, etcd.MembersResponse),
  memberUpdate: cluster('MemberUpdate', etcd.MemberUpdateRequest, etcd.MembersResponse),
  memberList: cluster('MemberList', etcd.MemberListRequest, etcd.MemberListResponse),
  memberPromote: cluster('MemberPromote', etcd.MemberPromoteRequest, etcd.MembersResponse),
};

const maintenance = methodsOf('etcdserverpb.Maintenance');
export const MAINTENANCE_SERVICE = {
  alarm: maintenance('Alarm', etcd.AlarmRequest, etcd.AlarmResponse),
  status: maintenance('Status', etcd.StatusRequest, etcd.StatusResponse),
  defragment: maintenance('Defragment', etcd.DefragmentRequest, etcd.DefragmentResponse),
  hash: maintenance('Hash', etcd.HashRequest, etcd.HashResponse),
  hashKV: maintenance('HashKV', etcd.HashKvRequest, etcd.HashKvResponse),
  snapshot: maintenance('Snapshot', etcd.SnapshotRequest, etcd.SnapshotResponse, { response: true }),
  moveLeader: maintenance('MoveLeader', etcd.MoveLeaderRequest, etcd.MoveLeaderResponse),
};

const auth = methodsOf('etcdserverpb.Auth');
/** Of etcd's Auth service what can be answered where there are no users. */
export const AUTH_SERVICE = {
  authStatus: auth('AuthStatus', etcd.AuthRequest, etcd.AuthStatusResponse),
  authEnable: auth('AuthEnable', etcd.AuthRequest, etcd.AuthResponse),
  authDisable: auth('AuthDisable', etcd.AuthRequest, etcd.AuthResponse),
  authenticate: auth('Authenticate', etcd.AuthRequest, etcd.AuthResponse),
};

const health = methodsOf('grpc.health.v1.Health');
export const HEALTH_SERVICE = {
  check: health('Check', etcd.HealthCheckRequest, etcd.HealthCheckResponse),
  watch: health('Watch', etcd.HealthCheckRequest, etcd.HealthCheckResponse, { response: true }),
};
