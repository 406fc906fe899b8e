import type { Toleration } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods } from './pods.ts';

const SECONDS = 300;
const TAINTS: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

const covers = (key: string, { key: own = '', effect = '' }: Toleration): boolean =>
  (own === key || own === '') && (effect === 'NoExecute' || effect === '');

/** A pod stays five minutes on a node that has failed, unless it says otherwise. Upstream: `plugin/pkg/admission/defaulttolerationseconds`. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit: onPods(['CREATE', 'UPDATE'], (_context, { pod }) => {
    const tolerations = pod.spec.tolerations ?? [];
    const missing = TAINTS.filter((key) => !tolerations.some((toleration) => covers(key, toleration)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }));
    pod.spec.tolerations = [...tolerations, ...added];
  }),
};
