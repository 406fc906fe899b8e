import { type Clock, type Random, systemRandom, UserError } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { WebhookClient } from '../webhook/index.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { AdmissionMetrics } from './metrics.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import type { AdmissionPlugin } from './plugin.ts';
import type { PolicyOptions } from './policy/policy-options.ts';
import { validatingAdmissionPolicy } from './policy/validating-admission-policy.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { mutatingWebhooks } from './webhook/mutating-webhooks.ts';
import { validatingWebhooks } from './webhook/validating-webhooks.ts';

export type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from './plugin.ts';
export { AdmissionMetrics };

export interface AdmissionOptions extends PolicyOptions {
  readonly objects: ObjectReader & ObjectWriter;
  readonly clock: Clock;
  readonly metrics: AdmissionMetrics;
  readonly random?: Random | undefined;
  /** Plugins to run beside the default ones. */
  readonly enabled?: readonly string[] | undefined;
  /** Default plugins not to run. */
  readonly disabled?: readonly string[] | undefined;
}

/**
 * The admission plugins, in upstream's order (`pkg/kubeapiserver/options/plugins.go`). All there are so far are on by default.
 *
 * @throws UserError when a plugin is named that does not exist.
 */
export function createAdmission(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { objects, clock, random = systemRandom, enabled = [], disabled = [] } = options;
  const client = new WebhookClient({ objects, random, clock });
  const webhooks = { ...options, random, client };
  const all: readonly AdmissionPlugin[] = [
    namespaceLifecycle(objects),
    serviceAccount(objects, random),
    taintNodesByCondition,
    priority(objects),
    defaultTolerationSeconds,
    runtimeClass(objects),
    defaultIngressClass(objects),
    mutatingWebhooks(webhooks),
    validatingAdmissionPolicy(options),
    validatingWebhooks(webhooks),
  ];
  const names = all.map(({ name }) => name);
  const unknown = [...enabled, ...disabled].find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UserError(`there is no admission plugin ${unknown}; there are ${names.join(', ')}`);
  return all.filter(({ name }) => enabled.includes(name) || !disabled.includes(name));
}
