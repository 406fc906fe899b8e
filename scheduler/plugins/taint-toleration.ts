import { isTolerated, type Toleration, untolerated } from '../../api/index.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, unresolvable } from '../framework/status.ts';
import { normalizeReversed } from './normalize.ts';

const NAME = 'TaintToleration';
const HARD = ['NoSchedule', 'NoExecute'];
/** Which taint it was is not said: who may read pods need not know the taints of nodes. */
const UNTOLERATED = unresolvable('node(s) had untolerated taint(s)');

interface PreScored {
  readonly tolerations: readonly Toleration[];
}

/** Keeps pods off taints they do not tolerate, and away from those they would rather not have. Upstream: `plugins/tainttoleration`. */
export const taintToleration: PluginDefinition = {
  name: NAME,
  create: () => {
    return {
      name: NAME,
      nodeLocal: true,
      filter: (_state, { pod }, { taints }) => {
        if (taints.length === 0) return undefined;
        return untolerated(taints, pod.spec.tolerations, HARD) && UNTOLERATED;
      },
      preScore: (state, { pod }) => {
        const tolerations = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
        state.write(NAME, { tolerations } satisfies PreScored);
        return undefined;
      },
      score: (state, _pod, { taints }) => {
        if (taints.length === 0) return 0;
        const { tolerations } = state.read<PreScored>(NAME);
        return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length;
      },
      normalize: (scores) => normalizeReversed(scores, MAX_NODE_SCORE),
      events: [
        on('Node', ['Add', 'UpdateNodeTaint'], ({ pod }, { now, old }) => {
          const before = old && untolerated(old.spec.taints, pod.spec.tolerations, HARD);
          return untolerated(now?.spec.taints, pod.spec.tolerations, HARD) === undefined && (!old || before !== undefined);
        }),
        on('UnscheduledPod', ['UpdatePodToleration']),
      ],
    };
  },
};
