// Lists and maps of resource.k8s.io, as upstream's `validateSlice`, `validateSet` and `validateMap` go through them
// (`pkg/apis/resource/validation/validation.go`).
import { fieldError } from '../../api/index.ts';
import type { Errors } from './field-errors.ts';
import { listOf } from './field-errors.ts';

type CheckItem<T> = (errors: Errors, path: string, item: T) => void;

/** Each item, and how many there are. */
export function checkList<T>(
  errors: Errors,
  path: string,
  list: readonly T[] | null | undefined,
  { max, item }: { max: number; item: CheckItem<T> },
): void {
  const items = listOf(list);
  items.forEach((each, i) => {
    item(errors, `${path}[${i}]`, each);
  });
  if (items.length > max) errors.push(fieldError.tooMany(path, items.length, max));
}

interface SetRules<T> {
  readonly max: number;
  readonly item: CheckItem<T>;
  readonly key: (item: T) => string;
  /** Where a key is in its item, with its dot; `''` for the item itself. */
  readonly at?: string;
  /** How a key is printed. */
  readonly print?: (item: T) => unknown;
}

/** The same, of which no two may have one key. */
export function checkSet<T>(errors: Errors, path: string, list: readonly T[] | null | undefined, rules: SetRules<T>): void {
  checkList(errors, path, list, rules);
  const seen = new Set<string>();
  listOf(list).forEach((item, i) => {
    const key = rules.key(item);
    if (seen.has(key)) errors.push(fieldError.duplicate(`${path}[${i}]${rules.at ?? ''}`, rules.print ? rules.print(item) : key));
    seen.add(key);
  });
}

/** Keys longer than this are shown without their middle. */
const SHOWN_KEY_MIN = 16;

/** Each key and value. @param keyMax how much of a key is shown. */
export function checkMap<T>(
  errors: Errors,
  path: string,
  map: Readonly<Record<string, T>> | null | undefined,
  { keyMax, key: checkKey, item }: { keyMax: number; key: CheckItem<string>; item?: CheckItem<T> },
): void {
  for (const [key, value] of Object.entries(map ?? {})) {
    const at = `${path}[${shortened(key, keyMax)}]`;
    checkKey(errors, at, key);
    item?.(errors, at, value);
  }
}

function shortened(key: string, wanted: number): string {
  const max = Math.max(wanted, SHOWN_KEY_MIN);
  if (key.length <= max) return key;
  const remaining = max - '...'.length;
  return `${key.slice(0, Math.floor((remaining + 1) / 2))}...${key.slice(key.length - Math.floor(remaining / 2))}`;
}
