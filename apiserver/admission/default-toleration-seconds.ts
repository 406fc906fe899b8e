import type { Toleration } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods } from './pods.ts';

/** Seconds that pods stay on a node: by option. */
export interface TolerationSeconds {
  readonly notReady: number;
  readonly unreachable: number;
}

export const TOLERATION_SECONDS: TolerationSeconds = { notReady: 300, unreachable: 300 };

const covers = (key: string, { key: own = '', effect = '' }: Toleration): boolean =>
  (own === key || own === '') && (effect === 'NoExecute' || effect === '');

/** A pod stays five minutes on a node that has failed, unless it says otherwise. Upstream: `plugin/pkg/admission/defaulttolerationseconds`. */
export function defaultTolerationSeconds({ notReady, unreachable } = TOLERATION_SECONDS): AdmissionPlugin {
  const defaults: readonly (readonly [key: string, seconds: number])[] = [
    ['node.kubernetes.io/not-ready', notReady],
    ['node.kubernetes.io/unreachable', unreachable],
  ];
  return {
    name: 'DefaultTolerationSeconds',
    admit: onPods(['CREATE', 'UPDATE'], (_context, { pod }) => {
      const tolerations = pod.spec.tolerations ?? [];
      const missing = defaults.filter(([key]) => !tolerations.some((toleration) => covers(key, toleration)));
      if (missing.length === 0) return;
      const added = missing.map(([key, tolerationSeconds]) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }));
      pod.spec.tolerations = [...tolerations, ...added];
    }),
  };
}
