/** The best score a plugin may give a node. */
export const MAX_NODE_SCORE = 100;

/**
 * What a plugin says, unless it is content (undefined). Upstream: kube-scheduler `framework.Status`.
 *
 * - `Unschedulable`: other pods going away could help.
 * - `UnschedulableAndUnresolvable`: nothing but a change of the node or the pod could.
 * - `Pending`: something outside must happen first; the pod is tried again without back-off once it has.
 */
export interface Rejection {
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Pending';
  /** Reasons, as FailedScheduling counts them. */
  readonly reasons: readonly string[];
  /** The plugin that said so; the framework fills it in. */
  plugin: string;
}

/** Undefined is success. An error is thrown. A rejection that is always the same can be one object. */
export type Verdict = Rejection | undefined;

/** Said in PreFilter and PreScore: the plugin has nothing to say about this pod. Said in Bind: the next plugin may bind. */
export const SKIP = 'Skip';

export const unschedulable = (...reasons: string[]): Rejection => ({ code: 'Unschedulable', reasons, plugin: '' });
export const unresolvable = (...reasons: string[]): Rejection => ({ code: 'UnschedulableAndUnresolvable', reasons, plugin: '' });
export const pending = (...reasons: string[]): Rejection => ({ code: 'Pending', reasons, plugin: '' });

/** The reasons as one text, as upstream's `Status.Message`. */
export const messageOf = ({ reasons }: Rejection): string => reasons.join(', ');
