import { isTolerated, type Toleration, untolerated } from '../../api/index.ts';
import { MAX_NODE_SCORE, type Plugin, unresolvable } from '../framework.ts';
import { normalizeReversed } from './normalize.ts';

const NAME = 'TaintToleration';

const HARD = ['NoSchedule', 'NoExecute'];

/** Keeps pods off taints they do not tolerate, and away from those they would rather not have. Upstream: `plugins/tainttoleration`. */
export const taintToleration: Plugin = {
  name: NAME,
  filter: (_state, { pod }, { node }) => {
    const taint = untolerated(node?.spec.taints, pod.spec.tolerations, HARD);
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
    return (node?.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length;
  },
  normalize: (scores) => normalizeReversed(scores, MAX_NODE_SCORE),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: ({ pod }, event) => event.resource === 'Node' && untolerated(event.node.spec.taints, pod.spec.tolerations, HARD) === undefined,
    },
  ],
};
