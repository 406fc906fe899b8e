import { stringify } from 'yaml';
import { toTime } from '../../../api/index.ts';
import { isTrue, type TemplateFunction } from './template.ts';
import { TemplateError } from './template-error.ts';

/** What a template asks of the simulation. */
export interface TemplateContext {
  readonly now: number;
  readonly startedAt: number;
  readonly version: string;
  readonly nodeName: string;
  readonly nodeIp: (node: string) => string;
  readonly podIp: (uid: string, node: string, hostNetwork: boolean) => string;
  readonly nodeConditions: readonly object[];
}

const number = (value: unknown): number => Number(value ?? 0);
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

/** Functions of Go's templates, and those that stages use of sprig's. */
const GENERAL: Readonly<Record<string, TemplateFunction>> = {
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  and: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1),
  not: (value) => !isTrue(value),
  eq: (first, ...others) => others.some((other) => (first ?? null) === (other ?? null)),
  ne: (a, b) => (a ?? null) !== (b ?? null),
  lt: (a, b) => number(a) < number(b),
  le: (a, b) => number(a) <= number(b),
  gt: (a, b) => number(a) > number(b),
  ge: (a, b) => number(a) >= number(b),
  len: (value) => (Array.isArray(value) || typeof value === 'string' ? value.length : Object.keys(Object(value ?? {})).length),
  index: (value, ...keys) =>
    keys.reduce((found, key) => (found === undefined || found === null ? undefined : Object(found)[String(key)]), value),
  print: (...args) => args.map(text).join(''),
  printf: (format, ...args) => formatted(text(format), args),
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  dict: (...pairs) => Object.fromEntries(pairs.flatMap((key, i) => (i % 2 === 0 ? [[text(key), pairs[i + 1]]] : []))),
  list: (...items) => items,
  add: (...args) => args.reduce((sum: number, arg) => sum + number(arg), 0),
  add1: (value) => number(value) + 1,
  sub: (a, b) => number(a) - number(b),
  mul: (...args) => args.reduce((product: number, arg) => product * number(arg), 1),
  mod: (a, b) => number(a) % number(b),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  trim: (value) => text(value).trim(),
  replace: (from, to, value) => text(value).replaceAll(text(from), text(to)),
  hasPrefix: (prefix, value) => text(value).startsWith(text(prefix)),
  hasSuffix: (suffix, value) => text(value).endsWith(text(suffix)),
  contains: (part, value) => text(value).includes(text(part)),
  toString: text,
  int: (value) => Math.trunc(number(value)),
  quote: (value) => JSON.stringify(text(value)),
  Quote: (value) => JSON.stringify(text(value)),
  YAML: (value, indent) => yamlText(value, number(indent)),
};

/** With an indent it begins on a line of its own, wherever the action stands. */
function yamlText(value: unknown, indent: number): string {
  const text = stringify(value, { lineWidth: 0 }).trimEnd();
  return indent > 0 ? `\n${text}`.replaceAll('\n', `\n${' '.repeat(2 * indent)}`) : text;
}

function formatted(format: string, args: readonly unknown[]): string {
  let i = 0;
  return format.replace(/%[-+ #0]*\d*(?:\.\d+)?([a-zA-Z%])/g, (_, verb: string) => {
    if (verb === '%') return '%';
    const value = args[i++];
    return verb === 'q' ? JSON.stringify(text(value)) : verb === 'd' ? String(Math.trunc(number(value))) : text(value);
  });
}

const ips = (ip: string): readonly string[] => (ip === '' ? [] : [ip]);

/** KWOK's own (kwok, `pkg/utils/gotpl/funcs.go`), with the others. */
export function templateFunctions(context: TemplateContext): Readonly<Record<string, TemplateFunction>> {
  return {
    ...GENERAL,
    Now: () => toTime(context.now),
    now: () => toTime(context.now),
    StartTime: () => toTime(context.startedAt),
    Version: () => context.version,
    NodeName: () => context.nodeName,
    NodeIP: () => context.nodeIp(context.nodeName),
    NodeIPWith: (node) => context.nodeIp(text(node)),
    NodeIPs: () => ips(context.nodeIp(context.nodeName)),
    NodeIPsWith: (node) => ips(context.nodeIp(text(node))),
    NodePort: () => 0,
    PodIP: () => {
      throw new TemplateError('PodIP is gone; use PodIPWith');
    },
    PodIPWith: (node, hostNetwork, uid) => context.podIp(text(uid), text(node), isTrue(hostNetwork)),
    PodIPsWith: (node, hostNetwork, uid) => ips(context.podIp(text(uid), text(node), isTrue(hostNetwork))),
    NodeConditions: () => context.nodeConditions,
  };
}
