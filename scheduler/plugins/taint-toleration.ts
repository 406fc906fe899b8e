import type { Taint, Toleration } from '../../api/index.ts';
import { MAX_NODE_SCORE, type Plugin, unresolvable } from '../framework.ts';
import { tolerates } from '../tolerations.ts';
import { normalizeReversed } from './normalize.ts';

const NAME = 'TaintToleration';

const isHard = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';

const untolerated = (taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined): Taint | undefined =>
  taints?.find((taint) => isHard(taint) && !tolerates(tolerations, taint));

/** Keeps pods off taints they do not tolerate, and away from those they would rather not have. Upstream: `plugins/tainttoleration`. */
export const taintToleration: Plugin = {
  name: NAME,
  filter: (_state, { pod }, { node }) => {
    const taint = untolerated(node?.spec.taints, pod.spec.tolerations);
    return taint && unresolvable(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  },
  preScore: (state, { pod }) => {
    state.write(
      NAME,
      (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule'),
    );
    return true;
  },
  score: (state, _pod, { node }) => {
    const tolerations = state.read<readonly Toleration[]>(NAME);
    return (node?.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length;
  },
  normalize: (scores) => normalizeReversed(scores, MAX_NODE_SCORE),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: ({ pod }, event) => event.resource === 'Node' && untolerated(event.node.spec.taints, pod.spec.tolerations) === undefined,
    },
  ],
};
