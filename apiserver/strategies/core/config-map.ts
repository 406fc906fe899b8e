import { type ConfigMap, type FieldError, fieldError, isConfigMapKey, NO_FIELD } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { ageOf, invalidEach, keepsField, sameJson, strategyOf } from '../shared.ts';

/** All values together may be so large: 1 MiB. */
export const DATA_BYTES_MAX = 1024 * 1024;
const IMMUTABLE = 'field is immutable when `immutable` is set';

/** Upstream: `pkg/registry/core/configmap`, `ValidateConfigMap`. */
export const configMapStrategy = strategyOf<ConfigMap>({
  metadataLooks: ['changes', 'whole'],
  validateCreate: (_context, map) => validate(map),
  validateUpdate: (_context, map, old) => [...immutableErrors(map, old), NEXT_LOOK, ...validate(map)],
  tableRow: (map, now) => [map.metadata.name, count(map.data) + count(map.binaryData), ageOf(map.metadata.creationTimestamp, now)],
});

function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidEach(`data[${key}]`, key, isConfigMapKey(key)));
    if (Object.hasOwn(binaryData, key)) errors.push(fieldError.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidEach(`binaryData[${key}]`, key, isConfigMapKey(key)));
    bytes += base64Bytes(value);
  }
  if (bytes > DATA_BYTES_MAX) errors.push(fieldError.tooLong(NO_FIELD, DATA_BYTES_MAX));
  return errors;
}

function immutableErrors(map: ConfigMap, old: ConfigMap): FieldError[] {
  if (!old.immutable) return [];
  return [
    ...(map.immutable ? [] : [fieldError.forbidden('immutable', IMMUTABLE)]),
    // No data is empty data by default, but binary data is not.
    ...(sameJson(map.data ?? {}, old.data ?? {}) ? [] : [fieldError.forbidden('data', IMMUTABLE)]),
    ...(keepsField(map, old, 'binaryData') ? [] : [fieldError.forbidden('binaryData', IMMUTABLE)]),
  ];
}

const count = (map: Readonly<Record<string, string>> | undefined): number => Object.keys(map ?? {}).length;

/** How many bytes a base64 text stands for. */
export const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64');
