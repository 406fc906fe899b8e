import { bytes, choice, many, message, string } from '../../../runtime/grpc.ts';
import { domainNameErrors } from '../../validation/domain-name.ts';
import { aggregate, TransformError } from '../transformers.ts';

/*
 * What lies in the store behind `k8s:enc:kms:v2:NAME:` (apiserver, pkg/storage/value/encrypt/envelope/kmsv2/v2/api.proto):
 *
 *   encryptedData           1  sealed with a key that is had of the source
 *   keyID                   2  the plugin's key that the source is encrypted with
 *   encryptedDEKSource      3  what the plugin decrypts
 *   annotations             4  what the plugin wants to be told then
 *   encryptedDEKSourceType  5  how the key is had of the decrypted source: 0, it is the key; 1, it is a seed, which keys are derived of
 */
export const AES_GCM_KEY = 0;
export const HKDF_SEED = 1;

const annotation = message({ key: string(1), value: bytes(2) });
/** A `map<string, bytes>`. */
export const annotationsField = (number: number): typeof MAP => many(number, () => annotation);
const MAP = many(0, () => annotation);

const encryptedObject = message({
  data: bytes(1),
  keyId: string(2),
  source: bytes(3),
  annotations: annotationsField(4),
  sourceType: choice(5),
});

export type Annotations = readonly { readonly key: string; readonly value: Buffer }[];

/** What the key of a value is had by. */
export interface KeySource {
  readonly keyId: string;
  readonly source: Buffer;
  readonly annotations: Annotations;
  readonly sourceType: number;
}

export interface EncryptedObject extends KeySource {
  readonly data: Buffer;
}

const KEY_ID_BYTES_MAX = 1024;
const SOURCE_BYTES_MAX = 1024;
const ANNOTATIONS_BYTES_MAX = 32 * 1024;

export const encodeObject = (object: EncryptedObject): Buffer => encryptedObject.encode(object);

/** @throws TransformError when it is none, in upstream's words. */
export function decodeObject(value: Buffer): EncryptedObject {
  let object: EncryptedObject;
  try {
    object = encryptedObject.decode(value);
  } catch (error) {
    throw new TransformError('proto: cannot parse invalid wire-format data', { cause: error });
  }
  checkSourceType(object);
  if (object.data.length === 0) throw new TransformError('encrypted data is empty');
  checkSource(object);
  return object;
}

/** Upstream's `ValidateEncryptedObject`, without the data. @throws TransformError */
export function checkKeySource(source: KeySource): void {
  checkSourceType(source);
  checkSource(source);
}

function checkSourceType({ sourceType }: KeySource): void {
  if (sourceType !== AES_GCM_KEY && sourceType !== HKDF_SEED) throw new TransformError(`unknown encryptedDEKSourceType: ${sourceType}`);
}

function checkSource({ source, keyId, annotations }: KeySource): void {
  const fail = (what: string, why: string) => new TransformError(`failed to validate ${what}: ${why}`);
  if (source.length === 0) throw fail('encrypted DEK source', 'encrypted DEK source is empty');
  if (source.length > SOURCE_BYTES_MAX) {
    throw fail('encrypted DEK source', `encrypted DEK source is ${source.length} bytes, which exceeds the max size of ${SOURCE_BYTES_MAX}`);
  }
  const problem = keyIdProblem(keyId);
  if (problem) throw fail('key id', problem.why);
  const wrong = annotationsErrors(annotations);
  if (wrong.length > 0) throw fail('annotations', aggregate(wrong));
}

function annotationsErrors(annotations: Annotations): string[] {
  const size = annotations.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + value.length, 0);
  return [
    ...annotations.flatMap(({ key }) => domainNameErrors('annotations', key).map(({ field, body }) => `${field}: ${body}`)),
    ...(size > ANNOTATIONS_BYTES_MAX
      ? [`total size of annotations is ${size}, which exceeds the max size of ${ANNOTATIONS_BYTES_MAX}`]
      : []),
  ];
}

/** Upstream's `ValidateKeyID`; undefined when nothing is wrong. */
export function keyIdProblem(keyId: string): { readonly code: 'empty' | 'too_long'; readonly why: string } | undefined {
  if (keyId === '') return { code: 'empty', why: 'keyID is empty' };
  const size = Buffer.byteLength(keyId);
  if (size <= KEY_ID_BYTES_MAX) return undefined;
  return { code: 'too_long', why: `keyID is ${size} bytes, which exceeds the max size of ${KEY_ID_BYTES_MAX}` };
}

/** The same text for what the plugin answers with the same key, in whatever order the annotations stand. */
export function sourceId({ sourceType, source, keyId, annotations }: KeySource): string {
  const sorted = annotations.map(({ key, value }) => [key, value.toString('latin1')]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return JSON.stringify([sourceType, source.toString('latin1'), keyId, sorted]);
}
