// Formats by name: `format.dns1123Label().validate(x)` (apiserver, `pkg/cel/library/format.go`).
import { isQualifiedName, isValidLabelValue, type NameCheck, nameIsDns1035Label, nameIsDnsLabel, nameIsDnsSubdomain } from '../../names.ts';
import { ArrayList } from '../language/collections.ts';
import type { FunctionDeclaration } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { costSize, regexCost } from '../language/runtime-cost.ts';
import { readTimestamp } from '../language/timestamps.ts';
import { listOf, optionalOf, STRING, struct } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque, Optional } from '../language/values.ts';
import { uriErrors } from './urls.ts';

export const FORMAT_TYPE = struct('kubernetes.NamedFormat');

class FormatValue extends Opaque {
  override readonly type = FORMAT_TYPE;
  readonly name: string;
  readonly check: (text: string) => readonly string[];
  /** The length of the pattern that upstream counts. */
  readonly patternLength: number;

  constructor(name: string, patternLength: number, check: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.patternLength = patternLength;
    this.check = check;
  }

  override equals(other: CelValue): boolean {
    return other instanceof FormatValue && this.name === other.name;
  }
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=|[A-Za-z\d+/]{4})$/;

const name =
  (check: NameCheck, prefix: boolean) =>
  (text: string): readonly string[] =>
    check(text, prefix);
const must =
  (message: string, holds: (text: string) => boolean) =>
  (text: string): readonly string[] =>
    holds(text) ? [] : [message];

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00Z`);
function isTime(text: string): boolean {
  const read = readTimestamp(text);
  return read !== undefined && !(read instanceof CelError);
}

/** By the name that expressions use. */
const FORMATS: ReadonlyMap<string, FormatValue> = new Map([
  ['dns1123Label', new FormatValue('DNS1123Label', 30, name(nameIsDnsLabel, false))],
  ['dns1123Subdomain', new FormatValue('DNS1123Subdomain', 60, name(nameIsDnsSubdomain, false))],
  ['dns1035Label', new FormatValue('DNS1035Label', 30, name(nameIsDns1035Label, false))],
  ['qualifiedName', new FormatValue('QualifiedName', 60, isQualifiedName)],
  ['dns1123LabelPrefix', new FormatValue('DNS1123LabelPrefix', 30, name(nameIsDnsLabel, true))],
  ['dns1123SubdomainPrefix', new FormatValue('DNS1123SubdomainPrefix', 60, name(nameIsDnsSubdomain, true))],
  ['dns1035LabelPrefix', new FormatValue('DNS1035LabelPrefix', 30, name(nameIsDns1035Label, true))],
  ['labelValue', new FormatValue('LabelValue', 40, isValidLabelValue)],
  ['uri', new FormatValue('URI', 1103, uriErrors)],
  [
    'uuid',
    new FormatValue(
      'uuid',
      88,
      must('does not match the UUID format', (text) => UUID.test(text)),
    ),
  ],
  [
    'byte',
    new FormatValue(
      'byte',
      84,
      must('invalid base64', (text) => BASE64.test(text)),
    ),
  ],
  ['date', new FormatValue('date', 153, must('invalid date', isDate))],
  ['datetime', new FormatValue('datetime', 153, must('invalid datetime', isTime))],
]);

function validate(format: CelValue = null, text: CelValue = null) {
  if (!(format instanceof FormatValue) || typeof text !== 'string') return noSuchOverload();
  const errors = format.check(text);
  return errors.length === 0 ? Optional.none : new Optional(new ArrayList(errors));
}

const validationCost: FunctionDeclaration['cost'] = ([format, text]) =>
  format instanceof FormatValue ? regexCost(costSize(text ?? null), format.patternLength) : undefined;

export const FORMAT_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...define('validate', method('format-validate', signature([FORMAT_TYPE, STRING], optionalOf(listOf(STRING))), validate)),
    cost: validationCost,
  },
  {
    ...define(
      'format.named',
      overload('format-named', signature([STRING], optionalOf(FORMAT_TYPE)), (key) =>
        typeof key === 'string' ? new Optional(FORMATS.get(key)) : noSuchOverload(),
      ),
    ),
    cost: () => 1,
  },
  ...[...FORMATS].map(([key, format]) =>
    define(
      `format.${key}`,
      overload(`format.${key}`, signature([], FORMAT_TYPE), () => format),
    ),
  ),
];
