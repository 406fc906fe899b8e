import { type KindInfo, type KubeObject, type QuotaEvaluator, quotaEvaluatorOf } from '../../../api/index.ts';
import type { ObjectReader, ObjectWriter } from '../../registry/objects.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { QuotaCharges } from './charges.ts';
import type { LimitedResource } from './configuration.ts';

/**
 * Charges what objects use to the quotas of their namespace, and refuses what is beyond. Upstream: apiserver,
 * `pkg/admission/plugin/resourcequota`. It comes last: who is charged has passed everything else.
 */
export function resourceQuota(objects: ObjectReader & ObjectWriter, limited: readonly LimitedResource[]): AdmissionPlugin {
  const charges = new QuotaCharges(objects, limited);
  const evaluators = new WeakMap<KindInfo, QuotaEvaluator>();
  /** New objects that were charged: they are looked at again when an address or a port that was chosen for them turns out to be taken. */
  const charged = new WeakSet<KubeObject>();
  const evaluatorOf = (kind: KindInfo): QuotaEvaluator | undefined => {
    const known = evaluators.get(kind);
    if (known) return known;
    const evaluator = quotaEvaluatorOf(kind);
    if (evaluator) evaluators.set(kind, evaluator);
    return evaluator;
  };
  return {
    name: 'ResourceQuota',
    validate: ({ now, dryRun }, attributes) => {
      const { operation, kind, namespace, object } = attributes;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || !kind.namespaced || namespace === '' || !object) return;
      const evaluator = evaluatorOf(kind);
      if (!evaluator?.handles(attributes)) return;
      if (operation === 'UPDATE') return charges.charge({ attributes, evaluator, now, dryRun });
      if (charged.has(object)) return;
      return charges.charge({ attributes, evaluator, now, dryRun })?.then(() => {
        charged.add(object);
      });
    },
  };
}
