import { z } from 'zod';
import { type FieldError, fieldError } from '../../api/index.ts';
import { parseDuration } from '../../runtime/index.ts';
import type { ConfigFormat } from '../config-file.ts';
import { GoUrlError, parseGoUrl } from '../validation/go-url.ts';

// EncryptionConfiguration of apiserver.config.k8s.io/v1, and upstream's checks of it (apiserver, pkg/apis/apiserver/validation).

const keysSchema = z.strictObject({
  keys: z.array(z.strictObject({ name: z.string().default(''), secret: z.string().default('') })).nullish(),
});

const kmsSchema = z.strictObject({
  apiVersion: z.string().nullish(),
  name: z.string().default(''),
  cachesize: z.number().int().nullish(),
  endpoint: z.string().default(''),
  timeout: z.string().nullish(),
});

const providerSchema = z.strictObject({
  aesgcm: keysSchema.nullish(),
  aescbc: keysSchema.nullish(),
  secretbox: keysSchema.nullish(),
  identity: z.strictObject({}).nullish(),
  kms: kmsSchema.nullish(),
});

const schema = z.strictObject({
  resources: z.array(z.strictObject({ resources: z.array(z.string()).nullish(), providers: z.array(providerSchema).nullish() })).nullish(),
});

export type EncryptionConfiguration = z.infer<typeof schema>;
export type ProviderConfiguration = z.infer<typeof providerSchema>;
export type KmsConfiguration = z.infer<typeof kmsSchema>;
type Keys = NonNullable<z.infer<typeof keysSchema>['keys']>;

export const ENCRYPTION_OPTION = 'encryption-provider-config';

export const ENCRYPTION_FORMAT: ConfigFormat<EncryptionConfiguration> = {
  option: ENCRYPTION_OPTION,
  kind: 'EncryptionConfiguration',
  apiVersions: ['apiserver.config.k8s.io/v1'],
  schema,
};

const AES_KEY_BYTES = [16, 24, 32];
const BOX_KEY_BYTES = [32];

/** A resource of a group, `*` for any: upstream's `schema.ParseGroupResource`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf('.');
  return dot < 0 ? { group: '', resource: text } : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

export interface ValidateOptions {
  /** Whether the file is followed (`--encryption-provider-config-automatic-reload`). */
  readonly reload: boolean;
}

export function validateEncryption({ resources }: EncryptionConfiguration, { reload }: ValidateOptions): FieldError[] {
  const names = new Set<string>();
  const kmsErrors = (kms: KmsConfiguration, path: string): FieldError[] => {
    const errors = kmsProviderErrors(kms, path, { reload, names });
    names.add(kms.name);
    return errors;
  };
  if (!resources?.length) return [fieldError.required('resources', 'at least one resources is required')];
  return resources.flatMap(({ resources: names, providers }, i) => {
    const [r, p] = [`resources[${i}].resources`, `resources[${i}].providers`];
    return [
      ...(names?.length ? [] : [fieldError.required(r, `at least one ${r} is required`)]),
      ...overlapErrors(names ?? [], r),
      ...(names ?? []).flatMap((name, j) => nameErrors(name, `${r}[${j}]`)),
      ...(providers?.length ? [] : [fieldError.required(p, `at least one ${p} is required`)]),
      ...(providers ?? []).flatMap((provider, j) => providerErrors(provider, `${p}[${j}]`, kmsErrors)),
    ];
  });
}

function overlapErrors(names: readonly string[], path: string): FieldError[] {
  const parsed = names.map(parseGroupResource);
  const pairs = parsed.flatMap((one, i) => parsed.slice(i + 1).map((other) => [one, other] as const));
  const isSame = ([one, other]: (typeof pairs)[number]) => one.group === other.group && one.resource === other.resource;
  const isAny = ({ group, resource }: GroupResource) => group === '*' && resource === '*';
  // All resources of a group, told twice, are both.
  const overlaps = pairs.some(
    ([one, other]) => isAny(one) || isAny(other) || (one.group === other.group && (one.resource === '*' || other.resource === '*')),
  );
  return [
    ...(pairs.some(isSame) ? [fieldError.invalid(path, names, 'the same resource cannot be specified multiple times')] : []),
    ...(overlaps ? [fieldError.invalid(path, names, OVERLAP)] : []),
  ];
}

const OVERLAP = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
const NOT_SERVED: readonly string[] = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];

function nameErrors(name: string, path: string): FieldError[] {
  const wrong = (why: string) => [fieldError.invalid(path, name, why)];
  const { group, resource } = parseGroupResource(name);
  if (name.toLowerCase() !== name) return wrong('resource name should not contain capital letters');
  if (name === '*') return wrong("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  if (NOT_SERVED.includes(name)) return wrong('resources which do not have REST API/s cannot be encrypted');
  if (group === 'events.k8s.io') {
    return wrong("'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file");
  }
  if (group === 'extensions') return wrong("'extensions' group has been removed and cannot be used for encryption");
  if (group === '*' && resource !== '*') return wrong('encrypting the same resource across groups is not supported');
  return [];
}

function providerErrors(
  provider: ProviderConfiguration,
  path: string,
  kmsErrors: (kms: KmsConfiguration, path: string) => FieldError[],
): FieldError[] {
  const given = Object.entries(provider).filter(([, value]) => value !== undefined && value !== null);
  if (given.length === 0) {
    const why = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity';
    return [fieldError.invalidOmitted(path, why)];
  }
  if (given.length > 1) {
    return [
      fieldError.invalidOmitted(path, 'more than one provider specified in a single element, should split into different list elements'),
    ];
  }
  const { kms, aesgcm, aescbc, secretbox } = provider;
  if (kms) return kmsErrors(kms, `${path}.kms`);
  if (aesgcm) return keysErrors(aesgcm.keys ?? [], `${path}.aesgcm.keys`, AES_KEY_BYTES);
  if (aescbc) return keysErrors(aescbc.keys ?? [], `${path}.aescbc.keys`, AES_KEY_BYTES);
  return secretbox ? keysErrors(secretbox.keys ?? [], `${path}.secretbox.keys`, BOX_KEY_BYTES) : [];
}

function keysErrors(keys: Keys, path: string, lengths: readonly number[]): FieldError[] {
  if (keys.length === 0) return [fieldError.required(path, 'at least one keys is required')];
  return keys.flatMap(({ name, secret }, i) => [
    ...(name === '' ? [fieldError.required(`${path}[${i}].name`, 'name is a mandatory field for a key')] : []),
    ...secretErrors(secret, `${path}[${i}].secret`, lengths),
  ]);
}

/** What is wrong with a secret is said without showing it. */
function secretErrors(secret: string, path: string, lengths: readonly number[]): FieldError[] {
  if (secret === '') return [fieldError.required(path, 'secret is a mandatory field for a key')];
  const bytes = Buffer.from(secret, 'base64');
  if (bytes.toString('base64') !== secret.replace(/[\r\n]/g, ''))
    return [fieldError.invalid(path, 'REDACTED', 'secrets must be base64 encoded')];
  if (lengths.includes(bytes.length)) return [];
  const why = `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`;
  return [fieldError.invalid(path, 'REDACTED', why)];
}

/** The version of a provider that does not say. */
const KMS_VERSION = 'v1';
const KMS_TIMEOUT = '3s';

export const kmsVersionOf = ({ apiVersion }: KmsConfiguration): string => apiVersion || KMS_VERSION;

/** How long a call of a plugin may take; undefined for what is no duration. */
export const kmsTimeoutMs = ({ timeout }: KmsConfiguration): number | undefined => parseDuration(timeout ?? KMS_TIMEOUT);

interface KmsContext extends ValidateOptions {
  /** Names of the providers before. */
  readonly names: ReadonlySet<string>;
}

function kmsProviderErrors(kms: KmsConfiguration, path: string, context: KmsContext): FieldError[] {
  const { cachesize } = kms;
  const version = kmsVersionOf(kms);
  const timeoutMs = kmsTimeoutMs(kms);
  const at = (field: string, value: unknown, why: string) => fieldError.invalid(`${path}.${field}`, value, why);
  return [
    ...kmsNameErrors(kms, path, context),
    ...(timeoutMs === undefined ? [at('timeout', kms.timeout, 'it is no duration such as 3s')] : []),
    ...(timeoutMs !== undefined && timeoutMs <= 0 ? [at('timeout', kms.timeout, 'timeout should be a positive value')] : []),
    ...endpointErrors(kms.endpoint, `${path}.endpoint`),
    ...(version !== 'v1' && typeof cachesize === 'number' ? [at('cachesize', cachesize, 'cachesize is not supported in v2')] : []),
    ...(version === 'v1' && cachesize === 0
      ? [at('cachesize', cachesize, 'cachesize should be a positive value, or negative to disable')]
      : []),
    ...(version === 'v1' || version === 'v2'
      ? []
      : [at('apiVersion', version, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported')]),
  ];
}

function kmsNameErrors(kms: KmsConfiguration, path: string, { reload, names }: KmsContext): FieldError[] {
  const { name } = kms;
  const isV1 = kmsVersionOf(kms) === 'v1';
  const wrong = (why: string) => fieldError.invalid(`${path}.name`, name, why);
  return [
    ...(name === '' ? [fieldError.required(`${path}.name`, 'name is a mandatory field for a provider')] : []),
    ...(!isV1 && name.includes(':') ? [wrong(`invalid KMS provider name ${name}, must not contain ':'`)] : []),
    ...((reload || !isV1) && names.has(name) ? [wrong(`duplicate KMS provider name ${name}, names must be unique`)] : []),
  ];
}

function endpointErrors(endpoint: string, path: string): FieldError[] {
  if (endpoint === '') return [fieldError.invalid(path, '', 'endpoint is a mandatory field for a kms')];
  try {
    const { scheme } = parseGoUrl(endpoint);
    if (scheme === 'unix') return [];
    return [fieldError.invalid(path, endpoint, `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`)];
  } catch (error) {
    if (error instanceof GoUrlError)
      return [fieldError.invalid(path, endpoint, `invalid endpoint for kms provider, error: ${error.message}`)];
    throw error;
  }
}
