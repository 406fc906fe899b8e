import { apiError, type FieldError, fieldError } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { validateDryRun } from '../registry/deletion.ts';

/** What to do about fields that are unknown or given twice. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

const PLAIN: WriteOptions = { dryRun: false, fieldValidation: 'Warn' };

/** Characters of a field manager's name. */
const FIELD_MANAGER_LENGTH_MAX = 128;

/**
 * Reads the parameters of a write.
 *
 * @param name what errors name them: `CreateOptions`, `UpdateOptions`, `PatchOptions`.
 * @throws ApiError (422)
 */
export function readWriteOptions({ query }: Exchange, name: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): WriteOptions {
  if (!query) return PLAIN;
  const dryRun = query.getAll('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors: FieldError[] = [];
  if (name === 'PatchOptions' && query.has('force')) {
    errors.push(fieldError.forbidden('force', 'may not be specified for non-apply patch'));
  }
  errors.push(...validateFieldManager(query.get('fieldManager') ?? ''), ...validateDryRun(dryRun));
  if (!isFieldValidation(fieldValidation)) {
    errors.push(fieldError.notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (errors.length > 0) throw apiError.invalid({ group: 'meta.k8s.io', resource: name }, '', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: isFieldValidation(fieldValidation) && fieldValidation !== '' ? fieldValidation : 'Warn',
  };
}

const isFieldValidation = (text: string): text is FieldValidation | '' => ['', 'Ignore', 'Warn', 'Strict'].includes(text);

function validateFieldManager(name: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > FIELD_MANAGER_LENGTH_MAX) errors.push(fieldError.tooLong('fieldManager', FIELD_MANAGER_LENGTH_MAX));
  const at = name.search(/[\p{C}\p{Zl}\p{Zp}]/u);
  if (at >= 0) {
    const code = (name.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    errors.push(fieldError.invalid('fieldManager', name, `invalid character U+${code} (at position ${at})`));
  }
  return errors;
}
