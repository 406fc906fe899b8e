// CEL's static types (cel-go, `common/types/types.go`), and how they print in error messages (`checker/format.go`).

export type TypeKind =
  | 'any'
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'param'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint';

export interface CelType {
  readonly kind: TypeKind;
  /** What `type(x)` prints, and the name of a struct, an opaque type or a type parameter. */
  readonly name: string;
  readonly params: readonly CelType[];
}

const simple = (kind: TypeKind, name: string): CelType => ({ kind, name, params: [] });

export const ANY = simple('any', 'google.protobuf.Any');
export const BOOL = simple('bool', 'bool');
export const BYTES = simple('bytes', 'bytes');
export const DOUBLE = simple('double', 'double');
export const DURATION = simple('duration', 'google.protobuf.Duration');
export const DYN = simple('dyn', 'dyn');
export const ERROR = simple('error', 'error');
export const INT = simple('int', 'int');
export const NULL = simple('null', 'null_type');
export const STRING = simple('string', 'string');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const TYPE = simple('type', 'type');
export const UINT = simple('uint', 'uint');

export const listOf = (element: CelType): CelType => ({ kind: 'list', name: 'list', params: [element] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const opaque = (name: string, ...params: readonly CelType[]): CelType => ({ kind: 'opaque', name, params });
export const struct = (name: string): CelType => simple('struct', name);
export const param = (name: string): CelType => simple('param', name);
/** The type of a type. */
export const typeOfType = (type: CelType): CelType => ({ kind: 'type', name: 'type', params: [type] });

const OPTIONAL = 'optional_type';
export const optionalOf = (value: CelType): CelType => opaque(OPTIONAL, value);

/** The element of a list, the key of a map, the value of an optional. */
export const firstParam = (type: CelType): CelType => type.params[0] ?? DYN;
/** The value of a map. */
export const secondParam = (type: CelType): CelType => type.params[1] ?? DYN;

export const isOptional = (type: CelType): boolean => type.kind === 'opaque' && type.name === OPTIONAL;
export const isDyn = ({ kind }: CelType): boolean => kind === 'dyn' || kind === 'any';
export const isDynOrError = (type: CelType): boolean => isDyn(type) || type.kind === 'error';

/** The same type, to the last parameter. */
export function isSameType(a: CelType, b: CelType): boolean {
  return a === b || (a.kind === b.kind && a.name === b.name && sameParams(a, b));
}

const sameParams = (a: CelType, b: CelType): boolean =>
  a.params.length === b.params.length && a.params.every((of, i) => isSameType(of, b.params[i] ?? ERROR));

const PRINTED: Partial<Record<TypeKind, string>> = {
  any: 'any',
  duration: 'duration',
  error: '!error!',
  null: 'null',
  timestamp: 'timestamp',
};

/** A type as messages have it: `list(map(string, int))`. */
export function formatType(type: CelType): string {
  const printed = PRINTED[type.kind];
  if (printed !== undefined) return printed;
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
}

/** Arguments as messages have them: `(int, string)`, and `int.(string)` of a method. */
export function formatSignature(args: readonly CelType[], member: boolean): string {
  const [target, ...rest] = args.map(formatType);
  return member ? `${target}.(${rest.join(', ')})` : `(${args.map(formatType).join(', ')})`;
}
