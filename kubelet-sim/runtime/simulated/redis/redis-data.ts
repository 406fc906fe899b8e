/** What Redis answers, as its protocol tells it: a word of its own, a number, a text, nothing, or several of these. */
export type RedisReply = { readonly status: string } | { readonly error: string } | number | string | null | readonly RedisReply[];

type Value = string | string[] | Set<string> | Map<string, string>;

const OK: RedisReply = { status: 'OK' };
const WRONG_TYPE: RedisReply = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
const NO_INTEGER: RedisReply = { error: 'ERR value is not an integer or out of range' };

/** An error that is the answer. */
class Refused extends Error {
  readonly reply: RedisReply;
  constructor(reply: RedisReply) {
    super('refused');
    this.reply = reply;
  }
}

/** The keys of one Redis, in memory: strings, lists, sets and hashes, with the commands that people use. They are gone when it ends. */
export class RedisData {
  readonly #values = new Map<string, Value>();
  readonly #config: Map<string, string>;
  readonly #waiting = new Set<() => void>();

  constructor(config: ReadonlyMap<string, string> = new Map()) {
    this.#config = new Map([...DEFAULT_CONFIG, ...config]);
  }

  /** Called when a list has grown, once. */
  onPush(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** Does a command; a pop that would wait answers nothing. */
  run([command = '', ...args]: readonly string[]): RedisReply {
    const name = command.toLowerCase();
    const [work, least] = COMMANDS[name] ?? [];
    if (!work) return { error: `ERR unknown command '${command}', with args beginning with: ${args.map((arg) => `'${arg}' `).join('')}` };
    if (args.length < (least ?? 0)) return { error: `ERR wrong number of arguments for '${name}' command` };
    try {
      return work(this, args);
    } catch (error) {
      if (error instanceof Refused) return error.reply;
      throw error;
    }
  }

  get values(): Map<string, Value> {
    return this.#values;
  }

  get config(): Map<string, string> {
    return this.#config;
  }

  text(key: string): string | undefined {
    const value = this.#values.get(key);
    if (value !== undefined && typeof value !== 'string') throw new Refused(WRONG_TYPE);
    return value;
  }

  /** The collection of a key, made when it is not there. */
  at<T extends Exclude<Value, string>>(key: string, is: (value: Value) => value is T, make: () => T): T {
    const value = this.#values.get(key);
    if (value === undefined) {
      const made = make();
      this.#values.set(key, made);
      return made;
    }
    if (!is(value)) throw new Refused(WRONG_TYPE);
    return value;
  }

  list(key: string): string[] {
    return this.at(
      key,
      (value) => Array.isArray(value),
      () => [],
    );
  }

  set(key: string): Set<string> {
    return this.at(
      key,
      (value) => value instanceof Set,
      () => new Set(),
    );
  }

  hash(key: string): Map<string, string> {
    return this.at(
      key,
      (value) => value instanceof Map,
      () => new Map(),
    );
  }

  /** A collection without anything in it is no key. */
  tidy<T>(key: string, answer: T): T {
    const value = this.#values.get(key);
    const size = value instanceof Set || value instanceof Map ? value.size : (value?.length ?? 0);
    if (value !== undefined && typeof value !== 'string' && size === 0) this.#values.delete(key);
    return answer;
  }

  pushed(key: string): number {
    const { length } = this.list(key);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
    return length;
  }
}

const DEFAULT_CONFIG: readonly (readonly [string, string])[] = [
  ['appendonly', 'no'],
  ['databases', '16'],
  ['dir', '/data'],
  ['maxmemory', '0'],
  ['maxmemory-policy', 'noeviction'],
  ['port', '6379'],
  ['save', '3600 1 300 100 60 10000'],
];

type Work = (data: RedisData, args: readonly string[]) => RedisReply;

const UNITS: Readonly<Record<string, number>> = { k: 1000, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 };

/** A setting as Redis shows it: sizes in bytes. */
export function settingOf(name: string, text: string): string {
  const [, digits, unit = ''] = /^(\d+)([kmg]b?)$/i.exec(text) ?? [];
  return name.startsWith('maxmemory') && digits !== undefined
    ? String(Number(digits) * (UNITS[unit.toLowerCase()] ?? 1))
    : text.replace(/^"(.*)"$/, '$1');
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

const add =
  (by: (args: readonly string[]) => number): Work =>
  (data, args) => {
    const [key = ''] = args;
    const sum = Number(data.text(key) ?? 0) + by(args);
    if (!Number.isSafeInteger(sum)) return NO_INTEGER;
    data.values.set(key, String(sum));
    return sum;
  };

const pop =
  (end: 'pop' | 'shift'): Work =>
  (data, [key = '']) =>
    data.tidy(key, data.list(key)[end]() ?? null);

const push =
  (end: 'push' | 'unshift'): Work =>
  (data, [key = '', ...items]) => {
    for (const item of items) data.list(key)[end](item);
    return data.pushed(key);
  };

const move: Work = (data, [from = '', to = '']) => {
  const item = data.tidy(from, data.list(from).pop());
  if (item === undefined) return null;
  data.list(to).unshift(item);
  data.pushed(to);
  return item;
};

/** Pops of the first of several lists that has something; the last argument is how long to wait. */
const popAny =
  (end: 'pop' | 'shift'): Work =>
  (data, args) => {
    for (const key of args.slice(0, -1)) {
      const item = data.tidy(key, data.list(key)[end]());
      if (item !== undefined) return [key, item];
    }
    return null;
  };

const range: Work = (data, [key = '', start = '0', stop = '-1']) => {
  const items = data.list(key);
  const at = (text: string) => (Number(text) < 0 ? items.length + Number(text) : Number(text));
  return data.tidy(key, items.slice(Math.max(0, at(start)), at(stop) + 1));
};

const config: Work = (data, [verb = '', ...args]) => {
  if (verb.toLowerCase() === 'set') {
    for (let i = 0; i + 1 < args.length; i += 2) data.config.set(args[i] ?? '', settingOf(args[i] ?? '', args[i + 1] ?? ''));
    return OK;
  }
  const wanted = args.map(glob);
  return [...data.config].filter(([name]) => wanted.some((one) => one.test(name))).flat();
};

const typeOf = (value: Value | undefined): string =>
  value === undefined
    ? 'none'
    : typeof value === 'string'
      ? 'string'
      : Array.isArray(value)
        ? 'list'
        : value instanceof Set
          ? 'set'
          : 'hash';

const append: Work = (data, [key = '', text = '']) => {
  const whole = `${data.text(key) ?? ''}${text}`;
  data.values.set(key, whole);
  return whole.length;
};

const clear: Work = (data) => {
  data.values.clear();
  return OK;
};

const setText: Work = (data, [key = '', value = '', ...options]) => {
  const isThere = data.values.has(key);
  const has = (option: string) => options.some((one) => one.toLowerCase() === option);
  if ((has('nx') && isThere) || (has('xx') && !isThere)) return null;
  data.values.set(key, value);
  return OK;
};

const INFO =
  '# Server\r\nredis_version:7.4.5\r\nredis_mode:standalone\r\nos:Linux 6.8.0-nanokube x86_64\r\ntcp_port:6379\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n';

/** Commands, and how many arguments they need. */
const COMMANDS: Readonly<Record<string, readonly [Work, number]>> = {
  append: [append, 2],
  auth: [() => OK, 1],
  blpop: [popAny('shift'), 2],
  brpop: [popAny('pop'), 2],
  brpoplpush: [move, 3],
  command: [() => [], 0],
  config: [config, 2],
  dbsize: [(data) => data.values.size, 0],
  decr: [add(() => -1), 1],
  decrby: [add(([, by]) => -Number(by)), 2],
  del: [(data, keys) => keys.filter((key) => data.values.delete(key)).length, 1],
  echo: [(_, [text = '']) => text, 1],
  exists: [(data, keys) => keys.filter((key) => data.values.has(key)).length, 1],
  expire: [(data, [key = '']) => (data.values.has(key) ? 1 : 0), 2],
  flushall: [clear, 0],
  flushdb: [clear, 0],
  get: [(data, [key = '']) => data.text(key) ?? null, 1],
  hget: [(data, [key = '', field = '']) => data.tidy(key, data.hash(key).get(field) ?? null), 2],
  hgetall: [(data, [key = '']) => data.tidy(key, [...data.hash(key)].flat()), 1],
  hset: [
    (data, [key = '', ...pairs]) => {
      const hash = data.hash(key);
      const before = hash.size;
      for (let i = 0; i + 1 < pairs.length; i += 2) hash.set(pairs[i] ?? '', pairs[i + 1] ?? '');
      return hash.size - before;
    },
    3,
  ],
  incr: [add(() => 1), 1],
  incrby: [add(([, by]) => Number(by)), 2],
  info: [() => INFO, 0],
  keys: [(data, [pattern = '*']) => [...data.values.keys()].filter((key) => glob(pattern).test(key)), 1],
  llen: [(data, [key = '']) => data.tidy(key, data.list(key).length), 1],
  lpop: [pop('shift'), 1],
  lpush: [push('unshift'), 2],
  lrange: [range, 3],
  lrem: [
    (data, [key = '', , item]) => {
      const list = data.list(key);
      const kept = list.filter((one) => one !== item);
      const removed = list.length - kept.length;
      list.splice(0, list.length, ...kept);
      return data.tidy(key, removed);
    },
    3,
  ],
  mget: [(data, keys) => keys.map((key) => data.text(key) ?? null), 1],
  ping: [(_, [text]) => text ?? { status: 'PONG' }, 0],
  quit: [() => OK, 0],
  rpop: [pop('pop'), 1],
  rpoplpush: [move, 2],
  rpush: [push('push'), 2],
  sadd: [
    (data, [key = '', ...items]) => {
      const set = data.set(key);
      const before = set.size;
      for (const item of items) set.add(item);
      return set.size - before;
    },
    2,
  ],
  save: [() => OK, 0],
  select: [() => OK, 1],
  set: [setText, 2],
  setnx: [(data, [key = '', value = '']) => (setText(data, [key, value, 'nx']) === null ? 0 : 1), 2],
  smembers: [(data, [key = '']) => data.tidy(key, [...data.set(key)]), 1],
  ttl: [(data, [key = '']) => (data.values.has(key) ? -1 : -2), 1],
  type: [(data, [key = '']) => ({ status: typeOf(data.values.get(key)) }), 1],
};
