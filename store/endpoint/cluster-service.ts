/** etcd's Cluster service (server/etcdserver/api/v3rpc/member.go), of a cluster that has, and will have, one member. */
import { CLUSTER_SERVICE, type DraftOf, type Member } from '../rpc/index.ts';
import { type Backend, type HeaderDraft, RAFT_TERM } from './backend.ts';
import { etcdError } from './errors.ts';
import { type Route, unary } from './grpc/server.ts';
import { GRPC_CODE, GrpcError } from './grpc/status.ts';

export function clusterRoutes(backend: Backend): Route[] {
  const checkMember = (id: bigint) => {
    if (id !== backend.memberId) throw etcdError.memberNotFound();
  };
  return [
    unary(CLUSTER_SERVICE.memberList, () => ({ header: clusterHeader(backend), members: [self(backend)] })),
    unary(CLUSTER_SERVICE.memberAdd, ({ peerUrls }) => {
      if (peerUrls.length === 0 || !peerUrls.every(isPeerUrl)) throw etcdError.memberBadUrls();
      throw oneMember('no member can be added');
    }),
    unary(CLUSTER_SERVICE.memberRemove, ({ id }) => {
      checkMember(id);
      throw oneMember('it cannot be removed');
    }),
    unary(CLUSTER_SERVICE.memberUpdate, ({ id }) => {
      checkMember(id);
      throw oneMember('it has no peer URLs to change');
    }),
    unary(CLUSTER_SERVICE.memberPromote, ({ id }) => {
      checkMember(id);
      throw etcdError.memberNotLearner();
    }),
  ];
}

/** Without a revision, as etcd's. */
const clusterHeader = ({ clusterId, memberId }: Backend): HeaderDraft => ({ clusterId, memberId, raftTerm: RAFT_TERM });

const self = ({ memberId, name, clientUrls }: Backend): DraftOf<typeof Member> => ({ id: memberId, name, clientUrls: clientUrls() });

const isPeerUrl = (url: string): boolean => /^(https?|unixs?):\/\/[^/]+:\d+$/.test(url);

const oneMember = (why: string): GrpcError =>
  new GrpcError(
    GRPC_CODE.failedPrecondition,
    `etcdserver: re-configuration failed: this is a nanokube store, always of one member; ${why}`,
  );
