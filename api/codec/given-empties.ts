// Lists, maps and bytes that a body gives as empty. Their normal form is null or nothing, as after a way through the store; in upstream's decoded
// struct an empty slice is not nil. Where Go has no `omitempty`, whoever wrote them owns them; wherever they are, errors show them as given.
import type { FieldInfo, FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';

type Path = readonly (string | number)[];

/** A place and what was given there: an empty list, an empty map, or the empty text that bytes are written as. */
interface Empty {
  readonly path: Path;
  readonly value: object | '';
  /** It has an owner. */
  readonly owned: boolean;
}

const given = new WeakMap<object, readonly Empty[]>();
/** The same by what the field is in, a struct anywhere in such an object: for who prints a part of it. */
const givenIn = new WeakMap<object, Map<string | number, Empty['value']>>();

/** Whether an empty value of a field is lost in the normal form. Bytes are lost where Go has `omitempty` only. */
export const losesEmpty = ({ keepsEmpty, type, presence }: FieldInfo): boolean =>
  keepsEmpty !== true && (type.kind === 'list' || type.kind === 'map' || (isBytes(type) && presence !== 'always'));

/** Whether values of a type are texts that stand for bytes. */
const isBytes = (type: FieldType): boolean => type.kind === 'scalar' && type.scalar === 'bytes';

/** Remembers which places of an object were given as empty. @param raw what it was decoded from. */
export function noteEmpties(message: AnyMessage, raw: unknown, object: object): void {
  const empties = [...emptiesIn({ kind: 'message', message }, raw, [])];
  given.set(object, empties);
  for (const { path, value } of empties) {
    const parent = valueAt(object, path.slice(0, -1));
    const name = path.at(-1);
    if (isStruct(parent) && name !== undefined) givenIn.set(parent, new Map(givenIn.get(parent)).set(name, value));
  }
}

const isStruct = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What was given as empty in a field of a struct that an object has somewhere; undefined when nothing was, or the struct is another by now. */
export const emptyIn = (struct: object, field: string): Empty['value'] | undefined => givenIn.get(struct)?.get(field);

/** An object with its lists and maps as they were given: what its owners are told by. It shares what is the same. */
export function withEmpties<T extends object>(object: T): T {
  const empties = (given.get(object) ?? []).filter(({ owned }) => owned);
  return empties.reduce<T>((whole, { path, value }) => placed(whole, path, value) as T, object);
}

/** What was given as empty at a place of an object, which errors call `spec.rules[0].ports`; undefined when nothing was. */
export const emptyAt = (object: object, place: string): object | '' | undefined =>
  given.get(object)?.find(({ path }) => placeOf(path) === place)?.value;

/**
 * Whether a list or a map in a field of an object was given as empty, and no default has filled it since. Bytes are not told of: upstream's store
 * keeps that they are empty.
 */
export const hasEmpties = (object: object, field: string): boolean =>
  given.get(object)?.some(({ path, value }) => path[0] === field && value !== '' && (valueAt(object, path) ?? undefined) === undefined) ===
  true;

const valueAt = (object: object, path: Path): unknown =>
  path.reduce<unknown>((inner, step) => (isStruct(inner) ? Reflect.get(inner, step) : undefined), object);

const placeOf = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');

/** Whether anything right in a struct was given as empty. */
export const holdsEmpties = (struct: object): boolean => givenIn.has(struct);

/** Lets it be known of a copy of a struct what was given as empty in that. @param replaced fields of the copy that come from elsewhere. */
export function sharesEmpties<T extends object>(copy: T, struct: object, replaced: readonly (keyof T & string)[] = []): T {
  const empties = givenIn.get(struct);
  if (!empties) return copy;
  const others = [...empties].filter(([name]) => !replaced.some((field) => field === name));
  if (others.length > 0) givenIn.set(copy, new Map(others));
  return copy;
}

/** The value with an empty one where there is nothing now. */
function placed(value: unknown, [step, ...rest]: Path, empty: Empty['value']): unknown {
  if (step === undefined) return value === null ? empty : value;
  if (typeof value !== 'object' || value === null) return value;
  const inner: unknown = Reflect.get(value, step);
  const changed = placed(inner, rest, empty);
  if (changed === inner) return value;
  const copy: object = Array.isArray(value) ? [...value] : { ...value };
  Reflect.set(copy, step, changed);
  return copy;
}

function* emptiesIn(type: FieldType, raw: unknown, path: Path): Generator<Empty> {
  if (typeof raw !== 'object' || raw === null) return;
  if (type.kind === 'list' && Array.isArray(raw)) {
    for (const [i, item] of raw.entries()) yield* emptiesIn(type.items, item, [...path, i]);
  } else if (type.kind === 'map') {
    for (const [key, item] of Object.entries(raw)) yield* emptiesIn(type.values, item, [...path, key]);
  } else if (type.kind === 'message') {
    for (const [name, info] of type.message.fields) yield* emptiesAt(info, Reflect.get(raw, name), [...path, name]);
  }
}

function* emptiesAt(info: FieldInfo, value: unknown, path: Path): Generator<Empty> {
  if (losesEmpty(info) && isEmpty(value, info.type))
    yield { path, value: isBytes(info.type) ? '' : value, owned: info.presence === 'always' };
  else yield* emptiesIn(info.type, value, path);
}

function isEmpty(value: unknown, type: FieldType): value is Empty['value'] {
  if (isBytes(type)) return value === '' || (Array.isArray(value) && value.length === 0);
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
