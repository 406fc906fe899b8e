import { type FieldError, fieldError, isDns1035Label, type WebhookClientConfig } from '../../../api/index.ts';
import { validateCaBundle, validateWebhookService, validateWebhookUrl } from '../../validation/webhook.ts';
import type { InternalConversion } from './internal-spec.ts';

/** Versions of ConversionReview that the API server speaks. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export interface ConversionOptions {
  /** Whether one of the review versions must be one that the API server speaks. */
  readonly requireKnownReview: boolean;
  /** Whether the authorities may be what they like. */
  readonly allowInvalidCaBundle: boolean;
}

/** Whether a webhook, as far as it says, speaks a version that the API server speaks. */
export const speaksKnownReview = (versions: readonly string[]): boolean =>
  versions.length === 0 || versions.some((version) => REVIEW_VERSIONS.includes(version));

/** What is wrong with how versions are converted: upstream's `validateCustomResourceConversion`. */
export function validateConversion(conversion: InternalConversion | undefined, path: string, options: ConversionOptions): FieldError[] {
  if (!conversion) return [];
  const { strategy, clientConfig, reviewVersions } = conversion;
  if (strategy === 'Webhook') {
    return [
      ...validateClient(clientConfig, `${path}.webhookClientConfig`, options),
      ...validateReviewVersions(reviewVersions, `${path}.conversionReviewVersions`, options),
    ];
  }
  const detail = 'should not be set when strategy is not set to Webhook';
  return [
    ...validateStrategy(strategy, `${path}.strategy`),
    ...(clientConfig ? [fieldError.forbidden(`${path}.webhookClientConfig`, detail)] : []),
    ...(reviewVersions.length > 0 ? [fieldError.forbidden(`${path}.conversionReviewVersions`, detail)] : []),
  ];
}

function validateStrategy(strategy: string, path: string): FieldError[] {
  if (strategy === 'None') return [];
  return [strategy ? fieldError.notSupported(path, strategy, ['None', 'Webhook']) : fieldError.required(path)];
}

function validateClient(config: WebhookClientConfig | undefined, path: string, { allowInvalidCaBundle }: ConversionOptions): FieldError[] {
  if (!config) return [fieldError.required(path, 'required when strategy is set to Webhook')];
  const bundle = config.caBundle ?? '';
  return [...validateTarget(config, path), ...(bundle && !allowInvalidCaBundle ? validateCaBundle(bundle, `${path}.caBundle`) : [])];
}

function validateTarget({ url, service }: WebhookClientConfig, path: string): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [fieldError.required(path, 'exactly one of url or service is required')];
  if (url !== undefined) return validateWebhookUrl(url, `${path}.url`);
  if (!service) return [];
  // Upstream takes the one for the other here, so that each is missed under the other's path.
  const swapped = { namespace: service.name, name: service.namespace, path: service.path, port: service.port ?? 0 };
  return validateWebhookService(swapped, `${path}.service`);
}

function validateReviewVersions(versions: readonly string[], path: string, { requireKnownReview }: ConversionOptions): FieldError[] {
  if (versions.length === 0) return [fieldError.required(path)];
  const errors = versions.flatMap((version, i) => {
    if (versions.indexOf(version) < i) return [fieldError.invalid(`${path}[${i}]`, version, 'duplicate version')];
    return isDns1035Label(version).map((why) => fieldError.invalid(`${path}[${i}]`, version, why));
  });
  if (requireKnownReview && !speaksKnownReview(versions)) {
    errors.push(fieldError.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  }
  return errors;
}
