/** What all services of the endpoint work on. */
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { DraftOf, ResponseHeader } from '../rpc/index.ts';
import type { Revision, Store } from '../store.ts';
import type { Alarms } from './alarms.ts';
import type { Quota } from './quota.ts';

/**
 * The etcd that is spoken like. 3.5, for the snapshots are its format, and nothing of what 3.6 has beyond is promised (downgrade, storage version);
 * its last patch, for clients trust only late ones: kube-apiserver asks for progress of watches from 3.5.13 on, and kubeadm refuses older ones.
 */
export const ETCD_VERSION = '3.5.33';
export const ETCD_CLUSTER_VERSION = '3.5.0';

/** One member is always its own leader, in the term in which a new etcd begins. */
export const RAFT_TERM = 2n;

export interface Limits {
  /** Bytes of a request that changes something. */
  readonly requestBytesMax: number;
  /** Operations of a transaction. */
  readonly transactionOpsMax: number;
}

export interface Backend {
  readonly store: Store;
  readonly alarms: Alarms;
  readonly quota: Quota;
  readonly limits: Limits;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly name: string;
  /** Where clients reach this member. */
  readonly clientUrls: () => readonly string[];
  /** How often a watcher that wants to know is told that nothing has happened. */
  readonly progressIntervalMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export type HeaderDraft = DraftOf<typeof ResponseHeader>;

/** The header of an answer. */
export const headerOf = ({ clusterId, memberId, store }: Backend, revision: Revision = store.revision): HeaderDraft => ({
  clusterId,
  memberId,
  revision,
  raftTerm: RAFT_TERM,
});
