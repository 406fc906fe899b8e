// What calls of Kubernetes' functions, and of cel-go's extensions, may cost (apiserver, `pkg/cel/library/cost.go`).
import { regexEstimate } from '../language/call-estimates.ts';
import type { CallEstimate, Estimated, EstimatedCall } from '../language/estimate.ts';
import { add, exactly, multiply, NONE, type Range, range, scale, UNKNOWN, union } from '../language/range.ts';
import { COST } from '../language/runtime-cost.ts';
import { type CelType, firstParam } from '../language/types.ts';
import { CHECK_COST } from './authorizers.ts';

type SizeOf = (value: Estimated) => Range;
type Estimate = (call: EstimatedCall, sizeOf: SizeOf) => CallEstimate | undefined;

const NOMINAL: CallEstimate = { cost: exactly(1) };
/** The longest pattern of a named format that upstream reckons with. */
const FORMAT_PATTERN_LENGTH = 128;
const FORMAT_NAME_LENGTH = 64;

const traversal = (size: Range, times = 1): Range => scale(size, times * COST.stringTraversalFactor);

const nominal: Estimate = () => NOMINAL;
const onArg =
  (estimate: (size: Range) => CallEstimate): Estimate =>
  ({ args: [arg] }, sizeOf) =>
    arg && estimate(sizeOf(arg));
const onTarget =
  (estimate: (size: Range, call: EstimatedCall, sizeOf: SizeOf) => CallEstimate | undefined): Estimate =>
  (call, sizeOf) =>
    call.target && estimate(sizeOf(call.target), call, sizeOf);

const parsing = onArg((size) => ({ cost: traversal(size) }));
const parsingToSize = onArg((size) => ({ cost: traversal(size), size }));
const mapping = onTarget((size) => ({ cost: traversal(size), size }));

/** The elements of a list, as a value of their own; nothing if it is no list. */
function elementsOf({ type, path }: Estimated): Estimated | undefined {
  if (type.params.length === 0) return undefined;
  return { path: path && [...path, '@items'], type: firstParam(type), literal: undefined, size: undefined };
}

const isText = ({ kind }: CelType): boolean => kind === 'string' || kind === 'bytes';

/** One comparison for each element; texts cost as much as going through them more. */
const listTraversal = onTarget((size, { target }, sizeOf) => {
  const element = target && elementsOf(target);
  if (!element) return { cost: traversal(size) };
  const each = isText(element.type) ? add(exactly(1), traversal(sizeOf(element))) : exactly(1);
  return { cost: multiply(size, each) };
});

const replacing = onTarget((size, { args: [from, to] }, sizeOf) => {
  if (!from || !to) return undefined;
  const old = sizeOf(from);
  const by = sizeOf(to);
  const result = add(multiply(replacements(size, old, by), by), retained(size, old, by));
  return { cost: traversal(size, 2), size: result };
});

/** How often a text is replaced at least and at most. */
function replacements(size: Range, old: Range, by: Range): Range {
  const max = old.min === 0 ? size.max + 1 : by.max <= old.min ? 0 : Math.ceil(size.max / old.min);
  const min = old.max === 0 ? size.min + 1 : old.max <= by.min ? 0 : Math.ceil(size.min / old.max);
  return range(min, Math.min(max, UNKNOWN.max));
}

/** What stays of the text. */
function retained(size: Range, old: Range, by: Range): Range {
  const max = old.min === 0 || by.max <= old.min ? size.max : 0;
  const min = old.max === 0 || old.max <= by.min ? size.min : 0;
  return range(min, max);
}

/** A negative limit is taken for a huge one. */
const splitting = onTarget((size, { args: [, limit] }) => {
  const max = typeof limit?.literal === 'bigint' ? Number(BigInt.asUintN(64, limit.literal)) : size.max;
  return { cost: traversal(size, 2), size: range(0, max) };
});

const joining = onTarget((count, { target, args: [separator] }, sizeOf) => {
  const element = target && elementsOf(target);
  const texts = element ? multiply(count, sizeOf(element)) : NONE;
  const between = range(Math.max(0, count.min - 1), Math.max(0, count.max - 1));
  const size = separator ? add(texts, multiply(sizeOf(separator), between)) : texts;
  return { cost: traversal(size), size };
});

const searching = onTarget(
  (size, { args: [pattern] }, sizeOf) => pattern && { cost: regexEstimate(size, sizeOf(pattern)), size: range(0, size.max) },
);

/** Addresses are 4 or 16 bytes. */
const ADDRESS = range(4, 16);
const comparingAddresses = traversal(add(ADDRESS, ADDRESS));
const containing =
  (base: Range, withText: string): Estimate =>
  ({ overload, args: [arg] }, sizeOf) => ({ cost: overload === withText && arg ? add(base, traversal(sizeOf(arg))) : base });

const selecting = onArg((size) => {
  const requirements = scale(scale(size, 0.5), COST.listCreate + COST.structCreate);
  return { cost: add(exactly(COST.listCreate), traversal(size), requirements) };
});

const sets =
  (factor: number): Estimate =>
  ({ args: [a, b] }, sizeOf) =>
    a && b && { cost: add(scale(multiply(sizeOf(a), sizeOf(b)), factor), exactly(1)) };

/** Types whose values are compared at once. */
const ATOMIC: ReadonlySet<string> = new Set([
  ...['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver'],
  ...['Authorizer', 'PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map((name) => `kubernetes.authorization.${name}`),
]);

const equality: Estimate = ({ args: [a, b] }) => {
  if (!a || !b || a.type.name !== b.type.name) return undefined;
  if (ATOMIC.has(a.type.name)) return NOMINAL;
  if (a.type.name === 'kubernetes.NamedFormat') return { cost: traversal(range(1, FORMAT_NAME_LENGTH)) };
  if (a.type.name !== 'kubernetes.URL') return undefined;
  const size = a.size && b.size ? union(b.size, b.size) : exactly(1);
  return { cost: traversal(range(1, size.max)) };
};

const each = (names: readonly string[], estimate: Estimate): readonly (readonly [string, Estimate])[] =>
  names.map((name) => [name, estimate]);

const BY_FUNCTION: ReadonlyMap<string, Estimate> = new Map([
  ...each(['check'], () => ({ cost: exactly(CHECK_COST) })),
  ...each(['serviceAccount', 'path', 'group', 'resource', 'subresource', 'namespace', 'name'], nominal),
  ...each(['allowed', 'reason', 'error', 'errored'], nominal),
  ...each(['fieldSelector', 'labelSelector'], selecting),
  ...each(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'], listTraversal),
  ...each(['url'], parsingToSize),
  ...each(['lowerAscii', 'upperAscii', 'substring', 'trim'], mapping),
  ...each(['replace'], replacing),
  ...each(['split'], splitting),
  ...each(['join'], joining),
  ...each(['find', 'findAll'], searching),
  ...each(['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'], parsing),
  ...each(['ip'], (call, sizeOf) => (call.overload === 'cidr_ip' ? NOMINAL : parsing(call, sizeOf))),
  ...each(
    ['ip.isCanonical'],
    onArg((size) => ({ cost: traversal(size, 2) })),
  ),
  ...each(['masked', 'prefixLength', 'family', 'isUnspecified', 'isLoopback'], nominal),
  ...each(['isLinkLocalMulticast', 'isLinkLocalUnicast', 'isGlobalUnicast'], nominal),
  ...each(['containsIP'], containing(comparingAddresses, 'cidr_contains_ip_string')),
  ...each(['containsCIDR'], containing(add(comparingAddresses, traversal(ADDRESS), exactly(1)), 'cidr_contains_cidr_string')),
  ...each(
    ['validate'],
    onArg((size) => ({ cost: scale(traversal(size), FORMAT_PATTERN_LENGTH * COST.regexStringLengthFactor) })),
  ),
  ...each(['format.named', 'sign', 'asInteger', 'isInteger', 'asApproximateFloat', 'isGreaterThan', 'isLessThan'], nominal),
  ...each(['compareTo', 'add', 'sub', 'major', 'minor', 'patch'], nominal),
  ...each(['getScheme', 'getHostname', 'getHost', 'getPort', 'getEscapedPath', 'getQuery'], nominal),
  ...each(['sets.contains', 'sets.intersects'], sets(1)),
  ...each(['sets.equivalent'], sets(2)),
  ...each(['_==_'], equality),
]);

/** The cost of a call, if its function is not CEL's own. */
export const estimateCall = (call: EstimatedCall, sizeOf: SizeOf): CallEstimate | undefined => BY_FUNCTION.get(call.name)?.(call, sizeOf);
