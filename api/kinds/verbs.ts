import type { Verb } from '../kind-info.ts';

/** The verbs of a kind that can do everything. */
export const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
