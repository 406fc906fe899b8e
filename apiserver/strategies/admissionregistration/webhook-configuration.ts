import {
  admissionregistrationKinds,
  type KindInfo,
  type KubeObject,
  type MutatingWebhookConfiguration,
  type ValidatingWebhookConfiguration,
} from '../../../api/index.ts';
import { hasEmpties } from '../../../api/schema.ts';
import { listOf } from '../../validation/field-errors.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { type AnyWebhook, webhookErrors } from '../../validation/webhook-configuration.ts';
import { normalForm } from '../normal-form.ts';
import { ageOf, strategyOf } from '../shared.ts';

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

const SERVICE_PORT = 443;
const TIMEOUT_SECONDS = 10;

/** What webhooks of both kinds have in common. Upstream: `pkg/registry/admissionregistration/{mutating,validating}webhookconfiguration`. */
const strategyOfWebhooks = <T extends Configuration>(kind: KindInfo, setMoreDefaults: (webhook: AnyWebhook) => void) =>
  strategyOf<T>({
    allowsPlainFinalizers: true,
    formerVersions: { 'admissionregistration.k8s.io/v1beta1': (object) => fromV1beta1(kind, object) },
    metadataLooks: ['whole'],
    allowUnconditionalUpdate: false,
    setDefaults: ({ webhooks }) => {
      for (const webhook of listOf<AnyWebhook>(webhooks)) {
        setWebhookDefaults(webhook);
        setMoreDefaults(webhook);
      }
    },
    prepareForCreate: (_context, { metadata }) => {
      metadata.generation = 1;
    },
    prepareForUpdate: (_context, configuration, old) => {
      const { metadata, webhooks } = configuration;
      const generation = old.metadata.generation ?? 0;
      // Upstream compares by reflection: a list that is given as empty is another one than none.
      metadata.generation = semanticEqual(webhooks, old.webhooks) && !hasEmpties(configuration, 'webhooks') ? generation : generation + 1;
    },
    validateCreate: (_context, { webhooks }) => webhookErrors(listOf<AnyWebhook>(webhooks)),
    validateUpdate: (_context, { webhooks }, old) => webhookErrors(listOf<AnyWebhook>(webhooks), listOf<AnyWebhook>(old.webhooks)),
    tableRow: ({ metadata, webhooks }, now) => [metadata.name, listOf<AnyWebhook>(webhooks).length, ageOf(metadata.creationTimestamp, now)],
  });

/** Upstream: `SetDefaults_ValidatingWebhook`, `SetDefaults_Rule`, `SetDefaults_ServiceReference`. */
function setWebhookDefaults(webhook: AnyWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  for (const rule of listOf(webhook.rules)) rule.scope ??= '*';
  const { service } = webhook.clientConfig;
  if (service) service.port ??= SERVICE_PORT;
}

/** A configuration as v1beta1 had it, with the defaults of then. Upstream: `pkg/apis/admissionregistration/v1beta1/defaults.go`. */
function fromV1beta1(kind: KindInfo, object: KubeObject): KubeObject {
  const { webhooks, ...others } = object as KubeObject & { readonly webhooks?: readonly object[] | null };
  return normalForm(kind, { ...others, webhooks: webhooks?.map((webhook) => ({ ...V1BETA1_DEFAULTS, ...webhook })) });
}

const V1BETA1_DEFAULTS = {
  failurePolicy: 'Ignore',
  matchPolicy: 'Exact',
  sideEffects: 'Unknown',
  timeoutSeconds: 30,
  admissionReviewVersions: ['v1beta1'],
};

export const validatingWebhookConfigurationStrategy = strategyOfWebhooks<ValidatingWebhookConfiguration>(
  admissionregistrationKinds.validatingwebhookconfigurations,
  () => undefined,
);

export const mutatingWebhookConfigurationStrategy = strategyOfWebhooks<MutatingWebhookConfiguration>(
  admissionregistrationKinds.mutatingwebhookconfigurations,
  (webhook) => {
    webhook.reinvocationPolicy ??= 'Never';
  },
);
