import { sharedConformance } from '../../support/conformance.ts';

/** The cluster of all tests of this folder; its history is short, so that they see what compaction does. */
export const c = sharedConformance({ nodes: 3, args: ['--etcd-compaction-interval=4s'] });
