/**
 * etcd's v3 API: its messages and services, by the numbers of etcd's api/mvccpb/kv.proto and api/etcdserverpb/rpc.proto. Revisions, versions and
 * counts are numbers (they stay below 2^53); ids of leases, members and clusters are bigints.
 */
import {
  bool,
  bytes,
  bytesList,
  choice,
  type DraftOf,
  id64,
  int64,
  type Message,
  type MessageOf,
  many,
  message,
  nested,
  string,
  strings,
  uid64,
  uint32,
  uint32s,
} from '../../runtime/grpc.ts';

export const KeyValueMessage = message({
  key: bytes(1),
  createRevision: int64(2),
  modRevision: int64(3),
  version: int64(4),
  value: bytes(5),
  lease: id64(6),
});
export type KeyValueMessage = MessageOf<typeof KeyValueMessage>;

/** What an event is. */
export const EVENT_TYPE = { put: 0, delete: 1 } as const;
export const EventMessage = message({ type: choice(1), kv: nested(2, () => KeyValueMessage), prevKv: nested(3, () => KeyValueMessage) });
export type EventMessage = MessageOf<typeof EventMessage>;

export const ResponseHeader = message({ clusterId: uid64(1), memberId: uid64(2), revision: int64(3), raftTerm: uid64(4) });
export type ResponseHeader = MessageOf<typeof ResponseHeader>;
const header = nested(1, () => ResponseHeader);

export const SORT_ORDER = { none: 0, ascend: 1, descend: 2 } as const;
export const SORT_TARGET = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;
export const RangeRequest = message({
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int64(3),
  revision: int64(4),
  sortOrder: choice(5),
  sortTarget: choice(6),
  serializable: bool(7),
  keysOnly: bool(8),
  countOnly: bool(9),
  minModRevision: int64(10),
  maxModRevision: int64(11),
  minCreateRevision: int64(12),
  maxCreateRevision: int64(13),
});
export const RangeResponse = message({ header, kvs: many(2, () => KeyValueMessage), more: bool(3), count: int64(4) });

export const PutRequest = message({
  key: bytes(1),
  value: bytes(2),
  lease: id64(3),
  prevKv: bool(4),
  ignoreValue: bool(5),
  ignoreLease: bool(6),
});
export const PutResponse = message({ header, prevKv: nested(2, () => KeyValueMessage) });

export const DeleteRangeRequest = message({ key: bytes(1), rangeEnd: bytes(2), prevKv: bool(3) });
export const DeleteRangeResponse = message({ header, deleted: int64(2), prevKvs: many(3, () => KeyValueMessage) });

export const COMPARE_RESULT = { '=': 0, '>': 1, '<': 2, '!=': 3 } as const;
export const COMPARE_TARGET = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;
export const CompareMessage = message({
  result: choice(1),
  target: choice(2),
  key: bytes(3),
  version: int64(4),
  createRevision: int64(5),
  modRevision: int64(6),
  value: bytes(7),
  lease: id64(8),
  rangeEnd: bytes(64),
});

/** One operation of a transaction: one of its fields. The transaction refers to itself, so the types are written out. */
export interface RequestOpMessage<R, P, D, T> {
  readonly range: R | undefined;
  readonly put: P | undefined;
  readonly deleteRange: D | undefined;
  readonly txn: T | undefined;
}
export interface TxnRequest {
  readonly compare: MessageOf<typeof CompareMessage>[];
  readonly success: RequestOp[];
  readonly failure: RequestOp[];
}
export type RequestOp = RequestOpMessage<
  MessageOf<typeof RangeRequest>,
  MessageOf<typeof PutRequest>,
  MessageOf<typeof DeleteRangeRequest>,
  TxnRequest
>;
export interface TxnRequestDraft {
  readonly compare?: readonly DraftOf<typeof CompareMessage>[] | undefined;
  readonly success?: readonly RequestOpDraft[] | undefined;
  readonly failure?: readonly RequestOpDraft[] | undefined;
}
export type RequestOpDraft = Partial<
  RequestOpMessage<DraftOf<typeof RangeRequest>, DraftOf<typeof PutRequest>, DraftOf<typeof DeleteRangeRequest>, TxnRequestDraft>
>;
export const RequestOp: Message<RequestOp, RequestOpDraft> = message({
  range: nested(1, () => RangeRequest),
  put: nested(2, () => PutRequest),
  deleteRange: nested(3, () => DeleteRangeRequest),
  txn: nested(4, (): Message<TxnRequest, TxnRequestDraft> => TxnRequest),
});
export const TxnRequest: Message<TxnRequest, TxnRequestDraft> = message({
  compare: many(1, () => CompareMessage),
  success: many(2, () => RequestOp),
  failure: many(3, () => RequestOp),
});

export type ResponseOp = RequestOpMessage<
  MessageOf<typeof RangeResponse>,
  MessageOf<typeof PutResponse>,
  MessageOf<typeof DeleteRangeResponse>,
  TxnResponse
>;
export interface TxnResponse {
  readonly header: ResponseHeader | undefined;
  readonly succeeded: boolean;
  readonly responses: ResponseOp[];
}
export interface TxnResponseDraft {
  readonly header?: DraftOf<typeof ResponseHeader> | undefined;
  readonly succeeded?: boolean | undefined;
  readonly responses?: readonly ResponseOpDraft[] | undefined;
}
export type ResponseOpDraft = Partial<
  RequestOpMessage<DraftOf<typeof RangeResponse>, DraftOf<typeof PutResponse>, DraftOf<typeof DeleteRangeResponse>, TxnResponseDraft>
>;
export const ResponseOp: Message<ResponseOp, ResponseOpDraft> = message({
  range: nested(1, () => RangeResponse),
  put: nested(2, () => PutResponse),
  deleteRange: nested(3, () => DeleteRangeResponse),
  txn: nested(4, (): Message<TxnResponse, TxnResponseDraft> => TxnResponse),
});
export const TxnResponse: Message<TxnResponse, TxnResponseDraft> = message({
  header,
  succeeded: bool(2),
  responses: many(3, () => ResponseOp),
});

export const CompactionRequest = message({ revision: int64(1), physical: bool(2) });
export const CompactionResponse = message({ header });

export const WATCH_FILTER = { noPut: 0, noDelete: 1 } as const;
export const WatchCreateRequest = message({
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: int64(3),
  progressNotify: bool(4),
  filters: uint32s(5),
  prevKv: bool(6),
  watchId: int64(7),
  fragment: bool(8),
});
export const WatchCancelRequest = message({ watchId: int64(1) });
export const WatchProgressRequest = message({});
export const WatchRequest = message({
  create: nested(1, () => WatchCreateRequest),
  cancel: nested(2, () => WatchCancelRequest),
  progress: nested(3, () => WatchProgressRequest),
});
export const WatchResponse = message({
  header,
  watchId: int64(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int64(5),
  cancelReason: string(6),
  fragment: bool(7),
  events: many(11, () => EventMessage),
});

export const LeaseGrantRequest = message({ ttl: int64(1), id: id64(2) });
export const LeaseGrantResponse = message({ header, id: id64(2), ttl: int64(3), error: string(4) });
export const LeaseRevokeRequest = message({ id: id64(1) });
export const LeaseRevokeResponse = message({ header });
export const LeaseKeepAliveRequest = message({ id: id64(1) });
export const LeaseKeepAliveResponse = message({ header, id: id64(2), ttl: int64(3) });
export const LeaseTimeToLiveRequest = message({ id: id64(1), keys: bool(2) });
export const LeaseTimeToLiveResponse = message({ header, id: id64(2), ttl: int64(3), grantedTtl: int64(4), keys: bytesList(5) });
export const LeaseLeasesRequest = message({});
export const LeaseStatus = message({ id: id64(1) });
export const LeaseLeasesResponse = message({ header, leases: many(2, () => LeaseStatus) });

export const Member = message({ id: uid64(1), name: string(2), peerUrls: strings(3), clientUrls: strings(4), isLearner: bool(5) });
export const MemberListRequest = message({ linearizable: bool(1) });
export const MemberListResponse = message({ header, members: many(2, () => Member) });
export const MemberAddRequest = message({ peerUrls: strings(1), isLearner: bool(2) });
export const MemberAddResponse = message({ header, member: nested(2, () => Member), members: many(3, () => Member) });
export const MemberRemoveRequest = message({ id: uid64(1) });
export const MemberUpdateRequest = message({ id: uid64(1), peerUrls: strings(2) });
export const MemberPromoteRequest = message({ id: uid64(1) });
export const MembersResponse = message({ header, members: many(2, () => Member) });

export const ALARM_ACTION = { get: 0, activate: 1, deactivate: 2 } as const;
export const ALARM_TYPE = { none: 0, noSpace: 1, corrupt: 2 } as const;
export const AlarmRequest = message({ action: choice(1), memberId: uid64(2), alarm: choice(3) });
export const AlarmMember = message({ memberId: uid64(1), alarm: choice(2) });
export const AlarmResponse = message({ header, alarms: many(2, () => AlarmMember) });
export const StatusRequest = message({});
export const StatusResponse = message({
  header,
  version: string(2),
  dbSize: int64(3),
  leader: uid64(4),
  raftIndex: int64(5),
  raftTerm: int64(6),
  raftAppliedIndex: int64(7),
  errors: strings(8),
  dbSizeInUse: int64(9),
  isLearner: bool(10),
  storageVersion: string(11),
  dbSizeQuota: int64(12),
});
export const DefragmentRequest = message({});
export const DefragmentResponse = message({ header });
export const HashRequest = message({});
export const HashResponse = message({ header, hash: uint32(2) });
export const HashKvRequest = message({ revision: int64(1) });
export const HashKvResponse = message({ header, hash: uint32(2), compactRevision: int64(3), hashRevision: int64(4) });
export const SnapshotRequest = message({});
export const SnapshotResponse = message({ header, remainingBytes: int64(2), blob: bytes(3), version: string(4) });
export const MoveLeaderRequest = message({ targetId: uid64(1) });
export const MoveLeaderResponse = message({ header });

/** What is asked of the Auth service is of no account as long as there are no users. */
export const AuthRequest = message({});
export const AuthResponse = message({ header });
export const AuthStatusResponse = message({ header, enabled: bool(2), authRevision: int64(3) });

/** grpc.health.v1 (grpc/doc/health-checking.md). */
export const HEALTH_STATUS = { unknown: 0, serving: 1, notServing: 2, serviceUnknown: 3 } as const;
export const HealthCheckRequest = message({ service: string(1) });
export const HealthCheckResponse = message({ status: choice(1) });
