import { type FieldError, fieldError, isConfigMapKey, type Secret } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { messageOf, readGoJson } from '../../validation/go-json.ts';
import { ageOf, invalidEach, keepsField, strategyOf } from '../shared.ts';
import { base64Bytes, DATA_BYTES_MAX } from './config-map.ts';
import { keyPairError } from './key-pair.ts';

const IMMUTABLE = 'field is immutable when `immutable` is set';
const OPAQUE = 'Opaque';
const TLS = 'kubernetes.io/tls';
const REDACTED = '<secret contents redacted>';

interface RequiredKeys {
  readonly all?: readonly string[];
  readonly anyOf?: readonly string[];
  readonly json?: boolean;
  readonly filled?: boolean;
}

/** Keys that a type of secret must have, empty or not unless `filled`; of `anyOf` one is enough. */
const REQUIRED_KEYS: Readonly<Record<string, RequiredKeys>> = {
  'kubernetes.io/dockercfg': { all: ['.dockercfg'], json: true },
  'kubernetes.io/dockerconfigjson': { all: ['.dockerconfigjson'], json: true },
  'kubernetes.io/basic-auth': { anyOf: ['username', 'password'] },
  'kubernetes.io/ssh-auth': { all: ['ssh-privatekey'], filled: true },
  [TLS]: { all: ['tls.crt', 'tls.key'] },
};
const TOKEN_TYPE = 'kubernetes.io/service-account-token';
const TOKEN_ANNOTATION = 'kubernetes.io/service-account.name';

/** Upstream: `pkg/registry/core/secret`, `ValidateSecret`; `stringData` is merged into `data` by the conversion. */
export const secretStrategy = strategyOf<Secret>({
  metadataLooks: ['changes', 'whole'],
  setDefaults: (secret) => {
    if (secret.stringData) {
      const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
      delete secret.stringData;
    }
    secret.type ||= OPAQUE;
  },
  validateCreate: (context, secret) => {
    warnOfTls(context, secret);
    return validate(secret);
  },
  validateUpdate: (context, secret, old) => {
    warnOfTls(context, secret);
    return [...updateErrors(secret, old), NEXT_LOOK, ...validate(secret)];
  },
  fieldSelectors: { type: ({ type }) => type ?? '' },
  tableRow: (secret, now) => [
    secret.metadata.name,
    secret.type ?? '',
    Object.keys(secret.data ?? {}).length,
    ageOf(secret.metadata.creationTimestamp, now),
  ],
});

function validate(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  const bytes = Object.values(data).reduce((sum, value) => sum + base64Bytes(value), 0);
  return [
    ...Object.keys(data).flatMap((key) => invalidEach(`data[${key}]`, key, isConfigMapKey(key))),
    ...(bytes > DATA_BYTES_MAX ? [fieldError.tooLong('data', DATA_BYTES_MAX)] : []),
    ...typeErrors(secret, data),
  ];
}

function typeErrors({ type = OPAQUE, metadata }: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  if (type === TOKEN_TYPE) {
    const named = metadata.annotations?.[TOKEN_ANNOTATION];
    return named ? [] : [fieldError.required(`metadata.annotations[${TOKEN_ANNOTATION}]`)];
  }
  const { all = [], anyOf = [], json, filled } = REQUIRED_KEYS[type] ?? {};
  const lacks = (key: string): boolean => (filled ? !data[key] : !Object.hasOwn(data, key));
  const missing = [...all.filter(lacks), ...(anyOf.some((key) => Object.hasOwn(data, key)) ? [] : anyOf)];
  const errors = missing.map((key) => fieldError.required(`data[${key}]`));
  const [key] = all;
  return json && key !== undefined && errors.length === 0 ? jsonErrors(key, data[key] ?? '') : errors;
}

function jsonErrors(key: string, value: string): FieldError[] {
  try {
    readGoJson(Buffer.from(value, 'base64').toString(), 'object', 'map[string]interface {}');
    return [];
  } catch (error) {
    return [fieldError.invalid(`data[${key}]`, REDACTED, messageOf(error))];
  }
}

function updateErrors(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = [];
  if (secret.type !== old.type) errors.push(fieldError.invalid('type', secret.type, 'field is immutable'));
  if (old.immutable) {
    if (!secret.immutable) errors.push(fieldError.forbidden('immutable', IMMUTABLE));
    if (!keepsField(secret, old, 'data')) errors.push(fieldError.forbidden('data', IMMUTABLE));
  }
  return errors;
}

/** Warns of a key pair that no server could use. */
function warnOfTls(context: RequestContext, { type, data = {} }: Secret): void {
  if (type !== TLS) return;
  const [certificate, key] = ['tls.crt', 'tls.key'].map((name) => Buffer.from(data[name] ?? '', 'base64').toString());
  const wrong = keyPairError(certificate ?? '', key ?? '');
  if (wrong !== undefined) context.warn(wrong);
}
