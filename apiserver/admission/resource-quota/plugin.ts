import { type KindInfo, type QuotaEvaluator, quotaEvaluatorOf } from '../../../api/index.ts';
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
      return charges.charge({ attributes, evaluator, now, dryRun });
    },
  };
}
