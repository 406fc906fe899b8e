// Semantic versions (apiserver, `pkg/cel/library/semverlib.go`, version 1; the rules are those of blang/semver).
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { compareText } from '../language/equality.ts';
import { costSize, traversal } from '../language/runtime-cost.ts';
import { BOOL, INT, STRING, struct } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque } from '../language/values.ts';

export const SEMVER_TYPE = struct('kubernetes.Semver');

interface Version {
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];
}

class SemverValue extends Opaque {
  override readonly type = SEMVER_TYPE;
  readonly version: Version;

  constructor(version: Version) {
    super();
    this.version = version;
  }

  override equals(other: CelValue): boolean {
    return other instanceof SemverValue && order(this.version, other.version) === 0;
  }
}

const UINT64_MAX = 2n ** 64n - 1n;
const NAMES = ['Major', 'Minor', 'Patch'] as const;

/** Reads a version; the error is blang/semver's. */
function read(text: string): Version | CelError {
  if (text === '') return new CelError('Version string empty');
  const parts = splitN(text, '.', 3);
  if (parts.length !== 3) return new CelError('No Major.Minor.Patch elements found');
  const [major = '', minor = '', rest = ''] = parts;
  const plus = rest.indexOf('+');
  const beforeBuild = plus < 0 ? rest : rest.slice(0, plus);
  const dash = beforeBuild.indexOf('-');
  const patch = dash < 0 ? beforeBuild : beforeBuild.slice(0, dash);
  const numbers: bigint[] = [];
  for (const [i, part] of [major, minor, patch].entries()) {
    const wrong = numberError(part, NAMES[i] ?? 'Patch');
    if (wrong) return wrong;
    numbers.push(BigInt(part));
  }
  const prerelease = dash < 0 ? [] : beforeBuild.slice(dash + 1).split('.');
  const build = plus < 0 ? [] : rest.slice(plus + 1).split('.');
  return identifierError(prerelease, build) ?? { numbers, prerelease };
}

function numberError(part: string, name: string): CelError | undefined {
  if (!/^\d+$/.test(part)) {
    if (part === '') return new CelError('strconv.ParseUint: parsing "": invalid syntax');
    return new CelError(`Invalid character(s) found in ${name.toLowerCase()} number ${JSON.stringify(part)}`);
  }
  if (/^0\d/.test(part)) return new CelError(`${name} number must not contain leading zeroes ${JSON.stringify(part)}`);
  if (BigInt(part) <= UINT64_MAX) return undefined;
  return new CelError(`strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`);
}

function identifierError(prerelease: readonly string[], build: readonly string[]): CelError | undefined {
  for (const part of prerelease) {
    if (part === '') return new CelError('Prerelease is empty');
    if (/^0\d+$/.test(part)) return new CelError(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(part)}`);
    if (!/^[\dA-Za-z-]+$/.test(part)) return new CelError(`Invalid character(s) found in prerelease ${JSON.stringify(part)}`);
  }
  for (const part of build) {
    if (part === '') return new CelError('Build meta data is empty');
    if (!/^[\dA-Za-z-]+$/.test(part)) return new CelError(`Invalid character(s) found in build meta data ${JSON.stringify(part)}`);
  }
  return undefined;
}

/** A version as a value; an error if the text is none. */
export function semverValue(text: string): CelValue | CelError {
  const version = read(text);
  return version instanceof CelError ? version : new SemverValue(version);
}

/** Takes `v1.2` and `01.2.3` for versions too. */
function readLeniently(text: string): Version | CelError {
  const parts = splitN(text.replace(/^v/, ''), '.', 3).map((part) =>
    part.length > 1 ? part.replace(/^0+/, '').replace(/^(?!\d)/, '0') : part,
  );
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return new CelError('short version cannot contain PreRelease/Build meta data');
  while (parts.length < 3) parts.push('0');
  return read(parts.join('.'));
}

function splitN(text: string, separator: string, limit: number): string[] {
  const parts = text.split(separator);
  return parts.length <= limit ? parts : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function order(a: Version, b: Version): number {
  for (const i of NAMES.keys()) {
    const left = a.numbers[i] ?? 0n;
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return orderPrereleases(a.prerelease, b.prerelease);
}

/** A release comes after its prereleases. */
function orderPrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const difference = orderIdentifiers(part, other);
    if (difference !== 0) return difference;
  }
  return a.length < b.length ? -1 : 0;
}

/** Numbers come before words. */
function orderIdentifiers(a: string, b: string): number {
  const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  if (!numeric[0]) return Math.sign(compareText(a, b));
  return BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1;
}

const onText =
  (give: (version: Version | CelError) => Result): Implementation =>
  (text, lenient = false) => {
    if (typeof text !== 'string' || typeof lenient !== 'boolean') return noSuchOverload();
    return give(lenient ? readLeniently(text) : read(text));
  };
const on =
  (run: (version: Version) => Result): Implementation =>
  (value) =>
    value instanceof SemverValue ? run(value.version) : noSuchOverload();
const onTwo =
  (run: (order: number) => Result): Implementation =>
  (a, b) =>
    a instanceof SemverValue && b instanceof SemverValue ? run(order(a.version, b.version)) : noSuchOverload();

const two = [SEMVER_TYPE, SEMVER_TYPE];
const toSemver = onText((version) => (version instanceof CelError ? version : new SemverValue(version)));
const isSemver = onText((version) => !(version instanceof CelError));

const PARSERS: readonly FunctionDeclaration[] = [
  define(
    'semver',
    overload('string_to_semver', signature([STRING], SEMVER_TYPE), toSemver),
    overload('string_bool_to_semver', signature([STRING, BOOL], SEMVER_TYPE), toSemver),
  ),
  define(
    'isSemver',
    overload('is_semver_string', signature([STRING], BOOL), isSemver),
    overload('is_semver_string_bool', signature([STRING, BOOL], BOOL), isSemver),
  ),
].map((declared) => ({ ...declared, cost: (args: readonly CelValue[]) => traversal(costSize(args[0] ?? null)) }));

const part = (name: string, index: number) =>
  define(
    name,
    method(
      `semver_${name}`,
      signature([SEMVER_TYPE], INT),
      on(({ numbers }) => numbers[index] ?? 0n),
    ),
  );

const OTHERS: readonly FunctionDeclaration[] = [
  define(
    'isGreaterThan',
    method(
      'semver_is_greater_than',
      signature(two, BOOL),
      onTwo((order) => order > 0),
    ),
  ),
  define(
    'isLessThan',
    method(
      'semver_is_less_than',
      signature(two, BOOL),
      onTwo((order) => order < 0),
    ),
  ),
  define(
    'compareTo',
    method(
      'semver_compare_to',
      signature(two, INT),
      onTwo((order) => BigInt(order)),
    ),
  ),
  part('major', 0),
  part('minor', 1),
  part('patch', 2),
].map((declared) => ({ ...declared, cost: () => 1 }));

export const SEMVER_FUNCTIONS: readonly FunctionDeclaration[] = [...PARSERS, ...OTHERS];
