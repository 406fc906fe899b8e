import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { CompiledExpression } from '../../../api/cel.ts';
import { type FieldError, fieldError, formatDuration, nameIsDnsSubdomain } from '../../../api/index.ts';
import { parseDuration } from '../../../runtime/index.ts';
import type { ConfigFormat } from '../../config-file.ts';
import { compileMatchConditions } from './match-conditions.ts';

// AuthorizationConfiguration of apiserver.config.k8s.io, and upstream's checks of it (apiserver, pkg/apis/apiserver/validation).

const text = z.string().default('');

const webhookSchema = z.strictObject({
  authorizedTTL: text,
  cacheAuthorizedRequests: z.boolean().nullish(),
  unauthorizedTTL: text,
  cacheUnauthorizedRequests: z.boolean().nullish(),
  timeout: text,
  subjectAccessReviewVersion: text,
  matchConditionSubjectAccessReviewVersion: text,
  failurePolicy: text,
  connectionInfo: z.strictObject({ type: text, kubeConfigFile: z.string().nullish() }).default({ type: '' }),
  matchConditions: z.array(z.strictObject({ expression: text })).nullish(),
});

const schema = z.strictObject({
  authorizers: z.array(z.strictObject({ type: text, name: text, webhook: webhookSchema.nullish() })).nullish(),
});

export type AuthorizationConfiguration = z.infer<typeof schema>;
type Webhook = z.infer<typeof webhookSchema>;

export const AUTHORIZATION_OPTION = 'authorization-config';

export const AUTHORIZATION_FORMAT: ConfigFormat<AuthorizationConfiguration> = {
  option: AUTHORIZATION_OPTION,
  kind: 'AuthorizationConfiguration',
  apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1'],
  schema,
};

/** In upstream's order, which is that of its messages. */
export const AUTHORIZATION_MODES = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const;
export type AuthorizationMode = (typeof AUTHORIZATION_MODES)[number];

const TIMEOUT_MS_MAX = 30_000;
/** Upstream's `SetDefaults_WebhookConfiguration`. */
const AUTHORIZED_TTL_MS = 300_000;
const UNAUTHORIZED_TTL_MS = 30_000;
const NANOS_PER_MS = 1e6;

/** A webhook as it was configured, checked. */
export interface CompiledWebhook {
  readonly kubeconfig: string;
  readonly version: 'v1' | 'v1beta1';
  readonly timeoutMs: number;
  /** 0 to keep no answers. */
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly failsClosed: boolean;
  readonly matchConditions: readonly CompiledExpression[];
}

export type CompiledAuthorizer =
  | { readonly type: Exclude<AuthorizationMode, 'Webhook'>; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: CompiledWebhook };

export interface CompiledAuthorization {
  /** Of use only when there are no errors. */
  readonly authorizers: readonly CompiledAuthorizer[];
  readonly errors: readonly FieldError[];
}

export const isMode = (type: string): type is AuthorizationMode => AUTHORIZATION_MODES.some((mode) => mode === type);

export function compileAuthorization({ authorizers }: AuthorizationConfiguration): CompiledAuthorization {
  const every = authorizers ?? [];
  const errors: FieldError[] = [];
  if (every.length === 0) errors.push(fieldError.required('authorizers', 'at least one authorization mode must be defined'));
  const compiled = every.flatMap((one, i): CompiledAuthorizer[] => {
    const path = `authorizers[${i}]`;
    const { type, name, webhook } = one;
    const before = every.slice(0, i);
    const wrongType = typeErrors(type, before, `${path}.type`);
    if (wrongType.length > 0 || !isMode(type)) {
      errors.push(...wrongType);
      return [];
    }
    errors.push(...nameErrors(name, before, `${path}.name`));
    if (type !== 'Webhook') {
      if (webhook) errors.push(fieldError.invalid(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'));
      return [{ type, name }];
    }
    if (!webhook) errors.push(fieldError.required(`${path}.webhook`, 'required when type=Webhook'));
    return webhook ? [{ type, name, webhook: compileWebhook(webhook, path, errors) }] : [];
  });
  return { authorizers: compiled, errors };
}

type Given = NonNullable<AuthorizationConfiguration['authorizers']>;

function typeErrors(type: string, before: Given, path: string): FieldError[] {
  if (type === '') return [fieldError.required(path)];
  if (!isMode(type)) return [fieldError.notSupported(path, type, AUTHORIZATION_MODES)];
  return type !== 'Webhook' && before.some((other) => other.type === type) ? [fieldError.duplicate(path, type)] : [];
}

function nameErrors(name: string, before: Given, path: string): FieldError[] {
  if (name === '') return [fieldError.required(path)];
  if (before.some((other) => other.name === name)) return [fieldError.duplicate(path, name)];
  const problems = nameIsDnsSubdomain(name, false);
  return problems.length === 0 ? [] : [fieldError.invalid(path, name, `authorizer name is invalid: ${problems.join(', ')}`)];
}

/** The fields of a webhook stand beside its type in upstream's messages. */
function compileWebhook(webhook: Webhook, path: string, errors: FieldError[]): CompiledWebhook {
  const timeoutMs = durationMs(webhook.timeout, `${path}.timeout`, errors);
  if (timeoutMs === 0) errors.push(fieldError.required(`${path}.timeout`));
  else if (timeoutMs < 0 || timeoutMs > TIMEOUT_MS_MAX) {
    errors.push(fieldError.invalid(`${path}.timeout`, writeMs(timeoutMs), 'must be > 0s and <= 30s'));
  }
  const ttl = (name: 'authorizedTTL' | 'unauthorizedTTL', fallbackMs: number): number => {
    const ms = durationMs(webhook[name], `${path}.${name}`, errors) || fallbackMs;
    if (ms < 0) errors.push(fieldError.invalid(`${path}.${name}`, writeMs(ms), 'must be > 0s'));
    return ms;
  };
  const [authorizedTtlMs, unauthorizedTtlMs] = [ttl('authorizedTTL', AUTHORIZED_TTL_MS), ttl('unauthorizedTTL', UNAUTHORIZED_TTL_MS)];
  const { subjectAccessReviewVersion: version, failurePolicy, connectionInfo } = webhook;
  errors.push(...choiceErrors(version, ['v1', 'v1beta1'], `${path}.subjectAccessReviewVersion`));
  errors.push(...matchVersionErrors(webhook, path));
  errors.push(...choiceErrors(failurePolicy, ['NoOpinion', 'Deny'], `${path}.failurePolicy`));
  errors.push(...connectionErrors(connectionInfo, `${path}.connectionInfo`));
  const conditions = (webhook.matchConditions ?? []).map(({ expression }) => expression);
  const { compiled, errors: wrong } = compileMatchConditions(conditions, path);
  errors.push(...wrong);
  return {
    kubeconfig: connectionInfo.kubeConfigFile ?? '',
    version: version === 'v1beta1' ? 'v1beta1' : 'v1',
    timeoutMs,
    authorizedTtlMs: webhook.cacheAuthorizedRequests === false ? 0 : authorizedTtlMs,
    unauthorizedTtlMs: webhook.cacheUnauthorizedRequests === false ? 0 : unauthorizedTtlMs,
    failsClosed: failurePolicy === 'Deny',
    matchConditions: compiled,
  };
}

/** 0 for what is no duration, which is an error, as well as for none. */
function durationMs(value: string, path: string, errors: FieldError[]): number {
  const ms = value === '' ? 0 : parseDuration(value);
  if (ms === undefined) errors.push(fieldError.invalid(path, value, 'it is no duration such as 3s'));
  return ms ?? 0;
}

const writeMs = (ms: number): string => formatDuration(BigInt(Math.round(ms * NANOS_PER_MS)));

function choiceErrors(value: string, choices: readonly string[], path: string): FieldError[] {
  if (value === '') return [fieldError.required(path)];
  return choices.includes(value) ? [] : [fieldError.notSupported(path, value, choices)];
}

function matchVersionErrors({ matchConditionSubjectAccessReviewVersion: version, matchConditions }: Webhook, path: string): FieldError[] {
  const at = `${path}.matchConditionSubjectAccessReviewVersion`;
  if (version !== '') return choiceErrors(version, ['v1'], at);
  return matchConditions?.length ? [fieldError.required(at, 'required if match conditions are specified')] : [];
}

function connectionErrors({ type, kubeConfigFile: file }: Webhook['connectionInfo'], path: string): FieldError[] {
  if (type === '') return [fieldError.required(`${path}.type`)];
  if (type === 'InClusterConfig') {
    return [fieldError.forbidden(`${path}.type`, 'an API server is not in its own cluster: use KubeConfigFile')];
  }
  if (type !== 'KubeConfigFile') {
    const given = { Type: type, KubeConfigFile: file ?? null };
    return [fieldError.notSupported(`${path}.type`, given, ['InClusterConfig', 'KubeConfigFile'])];
  }
  const at = `${path}.kubeConfigFile`;
  if (!file) return [fieldError.required(at)];
  if (!isAbsolute(file)) return [fieldError.invalid(at, file, 'must be an absolute path')];
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return [fieldError.invalid(at, file, `error loading file: stat ${file}: no such file or directory`)];
  return found.isFile() ? [] : [fieldError.invalid(at, file, 'must be a regular file')];
}
