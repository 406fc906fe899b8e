// Lists and maps that a body gives as empty where Go has no `omitempty`: their normal form is null, as after a way through the store, but
// whoever wrote them owns them. Upstream tracks owners on the decoded struct, in which an empty slice is not nil.
import type { FieldInfo, FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';

type Path = readonly (string | number)[];

/** A place and what was given there: an empty list or an empty map. */
interface Empty {
  readonly path: Path;
  readonly value: object;
}

const given = new WeakMap<object, readonly Empty[]>();

/** Whether an empty value of a field is told from none by those who track owners. */
export const tellsEmpty = ({ presence, keepsEmpty, type }: FieldInfo): boolean =>
  presence === 'always' && keepsEmpty !== true && (type.kind === 'list' || type.kind === 'map');

/** Remembers which places of an object were given as empty. @param raw what it was decoded from. */
export function noteEmpties(message: AnyMessage, raw: unknown, object: object): void {
  given.set(object, [...emptiesIn({ kind: 'message', message }, raw, [])]);
}

/** An object with its lists and maps as they were given: what its owners are told by. It shares what is the same. */
export function withEmpties<T extends object>(object: T): T {
  const empties = given.get(object) ?? [];
  return empties.reduce<T>((whole, { path, value }) => placed(whole, path, value) as T, object);
}

/** The value with an empty one where there is nothing now. */
function placed(value: unknown, [step, ...rest]: Path, empty: object): unknown {
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
  if (tellsEmpty(info) && isEmpty(value)) yield { path, value };
  else yield* emptiesIn(info.type, value, path);
}

const isEmpty = (value: unknown): value is object => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
