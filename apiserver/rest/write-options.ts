import { apiError, type FieldError, fieldError } from '../../api/index.ts';
import { FIELD_MANAGER_BYTES_MAX } from '../apply/manager-name.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { validateDryRun } from '../registry/deletion.ts';

/** What to do about fields that are unknown or given twice. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** `''` when there is none. */
  readonly fieldManager: string;
  /** Apply: take over what others own. */
  readonly force: boolean;
}

const PLAIN: WriteOptions = { dryRun: false, fieldValidation: 'Warn', fieldManager: '', force: false };

/** Who a write's options are for; `ApplyOptions` are PatchOptions of an apply. */
export type OptionsName = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'ApplyOptions';

/**
 * Reads the parameters of a write.
 *
 * @param what the options are called.
 * @throws ApiError (422)
 */
export function readWriteOptions({ query }: Exchange, what: OptionsName): WriteOptions {
  if (!query && what !== 'ApplyOptions') return PLAIN;
  const dryRun = query?.getAll('dryRun') ?? [];
  const fieldValidation = query?.get('fieldValidation') ?? '';
  const fieldManager = query?.get('fieldManager') ?? '';
  const force = query?.get('force') ?? undefined;
  const errors = [...applyErrors(what, fieldManager, force), ...validateFieldManager(fieldManager), ...validateDryRun(dryRun)];
  if (!isFieldValidation(fieldValidation)) {
    errors.push(fieldError.notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  const name = what === 'ApplyOptions' ? 'PatchOptions' : what;
  if (errors.length > 0) throw apiError.invalid({ group: 'meta.k8s.io', resource: name }, '', errors);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: isFieldValidation(fieldValidation) && fieldValidation !== '' ? fieldValidation : 'Warn',
    fieldManager,
    force: isTrue(force),
  };
}

function applyErrors(what: OptionsName, fieldManager: string, force: string | undefined): FieldError[] {
  if (what === 'PatchOptions' && force !== undefined) return [fieldError.forbidden('force', 'may not be specified for non-apply patch')];
  return what === 'ApplyOptions' && fieldManager === '' ? [fieldError.required('fieldManager', 'is required for apply patch')] : [];
}

/** As Go reads a boolean parameter: anything but these is true. */
const isTrue = (text: string | undefined): boolean => text !== undefined && text !== '0' && text.toLowerCase() !== 'false';

const isFieldValidation = (text: string): text is FieldValidation | '' => ['', 'Ignore', 'Warn', 'Strict'].includes(text);

function validateFieldManager(name: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > FIELD_MANAGER_BYTES_MAX) errors.push(fieldError.tooLong('fieldManager', FIELD_MANAGER_BYTES_MAX));
  const at = name.search(/[\p{C}\p{Zl}\p{Zp}]/u);
  if (at >= 0) {
    const code = (name.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    errors.push(fieldError.invalid('fieldManager', name, `invalid character U+${code} (at position ${at})`));
  }
  return errors;
}
