import { type FieldError, fieldError } from '../../api/index.ts';
import { parseDuration } from '../../runtime/index.ts';

/** Whether a value is an object with fields. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong, each with where. */
export type Problems = FieldError[];

/** One line of what is wrong. */
export const lineOf = ({ field, body }: FieldError): string => (field === '' ? body : `${field}: ${body}`);

/**
 * Reads the fields of an object of a configuration file, and notes what is wrong: fields of the wrong type, and fields that were never
 * asked for.
 */
export class FieldReader {
  readonly path: string;
  readonly problems: Problems;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(value: unknown, path: string, problems: Problems) {
    this.path = path;
    this.problems = problems;
    this.#fields = isObject(value) ? value : {};
    if (value !== undefined && value !== null && !isObject(value)) this.#wrong(path, value, 'an object');
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The field as it is; null counts as absent. */
  raw(name: string): unknown {
    this.#asked.add(name);
    return this.#fields[name] ?? undefined;
  }

  string(name: string): string | undefined {
    return this.#read(name, 'a string', (value): value is string => typeof value === 'string');
  }

  /** An integer of 32 bits. */
  integer(name: string): number | undefined {
    const value = this.#read(name, 'an integer', (given): given is number => Number.isInteger(given));
    if (value === undefined || Math.trunc(value) === (value | 0)) return value;
    this.#wrong(this.pathOf(name), value, 'an integer of 32 bits');
    return undefined;
  }

  number(name: string): number | undefined {
    return this.#read(name, 'a number', (value): value is number => typeof value === 'number');
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  /** Milliseconds of a duration as Go writes it. */
  duration(name: string): number | undefined {
    const text = this.string(name);
    const ms = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && ms === undefined) this.#wrong(this.pathOf(name), text, 'a duration such as 15s or 1m30s');
    return ms;
  }

  strings(name: string): readonly string[] {
    return this.#list(name).filter((item, i): item is string => {
      if (typeof item === 'string') return true;
      this.#wrong(`${this.pathOf(name)}[${i}]`, item, 'a string');
      return false;
    });
  }

  /** Reads an object; undefined when there is none. */
  object<T>(name: string, read: (reader: FieldReader) => T): T | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : readObject(value, this.pathOf(name), this.problems, read);
  }

  objects<T>(name: string, read: (reader: FieldReader, index: number, count: number) => T): T[] {
    return this.#list(name).map((item, i, { length }) =>
      readObject(item, `${this.pathOf(name)}[${i}]`, this.problems, (reader) => read(reader, i, length)),
    );
  }

  note(problem: FieldError): void {
    this.problems.push(problem);
  }

  /** Notes the fields that nobody asked for. */
  end(): void {
    for (const name of Object.keys(this.#fields)) {
      if (!this.#asked.has(name)) this.problems.push(fieldError.forbidden(this.pathOf(name), 'there is no such field'));
    }
  }

  #list(name: string): readonly unknown[] {
    return this.#read(name, 'a list', (value): value is readonly unknown[] => Array.isArray(value)) ?? [];
  }

  #read<T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.raw(name);
    if (value === undefined || is(value)) return value;
    this.#wrong(this.pathOf(name), value, what);
    return undefined;
  }

  #wrong(path: string, value: unknown, what: string): void {
    this.problems.push(fieldError.typeInvalid(path, value, `must be ${what}`));
  }
}

/** Reads an object whole: what `read` did not ask for is a mistake. */
export function readObject<T>(value: unknown, path: string, problems: Problems, read: (reader: FieldReader) => T): T {
  const reader = new FieldReader(value, path, problems);
  const result = read(reader);
  reader.end();
  return result;
}
