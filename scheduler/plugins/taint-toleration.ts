import { isTolerated, type Toleration, untolerated } from '../../api/index.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, type Rejection, unresolvable } from '../framework/status.ts';
import { normalizeReversed } from './normalize.ts';

const NAME = 'TaintToleration';
const HARD = ['NoSchedule', 'NoExecute'];

interface PreScored {
  readonly tolerations: readonly Toleration[];
}

/** Keeps pods off taints they do not tolerate, and away from those they would rather not have. Upstream: `plugins/tainttoleration`. */
export const taintToleration: PluginDefinition = {
  name: NAME,
  create: () => {
    const rejections = new Map<string, Rejection>();
    return {
      name: NAME,
      nodeLocal: true,
      filter: (_state, { pod }, { taints }) => {
        if (taints.length === 0) return undefined;
        const taint = untolerated(taints, pod.spec.tolerations, HARD);
        return taint && remembered(rejections, `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
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

/** Texts that taints make are few: rejections are kept, so that nodes with the same are counted together. */
const REMEMBERED_MAX = 1_000;

function remembered(rejections: Map<string, Rejection>, reason: string): Rejection {
  let rejection = rejections.get(reason);
  if (!rejection) {
    if (rejections.size >= REMEMBERED_MAX) rejections.clear();
    rejection = unresolvable(reason);
    rejections.set(reason, rejection);
  }
  return rejection;
}
