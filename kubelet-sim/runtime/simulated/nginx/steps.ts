import type { Condition } from './conditions.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { Step } from './model.ts';
import type { Directive } from './scope.ts';
import { statOf } from './served-paths.ts';
import { groupsOf } from './server-names.ts';
import { templateOf } from './templates.ts';
import { escapeUri, splitArgs } from './uri.ts';
import { valueFor } from './variables.ts';

/** What becomes of a request when the directives of the rewrite module have been run. */
export interface StepsOutcome {
  readonly reply?: Reply | undefined;
  /** A status that an error page may be made of. */
  readonly status?: number | undefined;
  /** Another location is to be looked for. */
  readonly isMoved: boolean;
  /** Nothing more of the module is to be run. */
  readonly isOver: boolean;
}

const GOES_ON: StepsOutcome = { isMoved: false, isOver: false };

/** Runs directives of the rewrite module in their order. */
export async function runSteps(exchange: Exchange, steps: readonly Step[]): Promise<StepsOutcome> {
  let isMoved = false;
  for (const step of steps) {
    const outcome = await runStep(exchange, step);
    isMoved ||= outcome.isMoved;
    if (outcome.reply || outcome.status !== undefined) return outcome;
    if (outcome.isOver) return { isMoved: outcome.isMoved, isOver: true };
  }
  return { isMoved, isOver: false };
}

const valueIn = (exchange: Exchange) => (name: string) => valueFor(exchange, name);

async function runStep(exchange: Exchange, step: Step): Promise<StepsOutcome> {
  switch (step.do) {
    case 'set': {
      const { args } = step.directive;
      const name = (args[0] ?? '').slice(1).replace(/[{}]/g, '').toLowerCase();
      exchange.variables.set(name, templateOf(step.directive, 1).fill(valueIn(exchange)));
      return GOES_ON;
    }
    case 'break':
      return { isMoved: false, isOver: true };
    case 'return':
      return { ...runReturn(exchange, step.directive), isMoved: false, isOver: true };
    case 'rewrite':
      return runRewrite(exchange, step);
    case 'if': {
      if (!(await isTrue(exchange, step.condition))) return GOES_ON;
      exchange.scope = step.scope;
      return await runSteps(exchange, step.steps);
    }
    default:
      return GOES_ON;
  }
}

async function isTrue(exchange: Exchange, condition: Condition): Promise<boolean> {
  const valueIn = (name: string) => valueFor(exchange, name);
  switch (condition.test) {
    case 'set': {
      const value = condition.value.fill(valueIn);
      return value !== '' && value !== '0';
    }
    case 'equal':
      return (condition.value.fill(valueIn) === condition.other.fill(valueIn)) !== condition.isNegated;
    case 'match': {
      const groups = condition.pattern.match(condition.value.fill(valueIn));
      if (groups && !condition.isNegated) exchange.groups = groupsOf(condition.pattern, groups);
      return (groups !== undefined) !== condition.isNegated;
    }
    case 'file': {
      const stat = await statOf(exchange.process, condition.path.fill(valueIn));
      const { what } = condition;
      const holds =
        stat !== undefined && (what === 'e' || (what === 'x' ? (stat.mode & 0o111) !== 0 : stat.isDirectory === (what === 'd')));
      return holds !== condition.isNegated;
    }
    default:
      return false;
  }
}

/** Statuses that a text beside them leads to. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function runReturn(exchange: Exchange, directive: Directive): Pick<StepsOutcome, 'reply' | 'status'> {
  const isBare = !/^\d+$/.test(directive.args[0] ?? '');
  const status = isBare ? 302 : Number(directive.args[0]);
  const text = directive.args.length > 1 || isBare ? templateOf(directive, isBare ? 0 : 1).fill(valueIn(exchange)) : undefined;
  if (status === 444) return { reply: { status, headers: [], body: '', isSilent: true } };
  if (REDIRECTS.has(status) && text !== undefined) return { reply: { status, headers: [], body: '', location: text } };
  if (text === undefined && (status >= 300 || status < 200)) return { status };
  return { reply: { status, headers: [], body: status === 204 ? '' : (text ?? ''), type: typeOf(exchange) } };
}

const typeOf = (exchange: Exchange): string => exchange.config.typeOf(exchange.scope, exchange.uri);

const IS_URL = /^(?:https?:\/\/|\$scheme)/;

function runRewrite(exchange: Exchange, { directive, pattern }: Extract<Step, { do: 'rewrite' }>): StepsOutcome {
  const [, replacement = '', flag] = directive.args;
  const groups = pattern.match(exchange.uri);
  if (!groups) return GOES_ON;
  exchange.groups = groupsOf(pattern, groups);
  const isRedirect = IS_URL.test(replacement) || flag === 'redirect' || flag === 'permanent';
  const named = exchange.groups;
  const quote = (value: string) => (isRedirect ? escapeUri(value) : value);
  const text = templateOf(directive, 1).fill((name) => {
    const group = named.get(name);
    return group === undefined ? valueFor(exchange, name) : quote(group);
  });
  const { uri, args } = withArgs(exchange, text);
  if (isRedirect) {
    const location = args === '' ? uri : `${uri}?${args}`;
    return { reply: { status: flag === 'permanent' ? 301 : 302, headers: [], body: '', location }, isMoved: false, isOver: true };
  }
  exchange.goTo(uri, args);
  if (flag === 'break') {
    exchange.isLocationValid = false;
    return { isMoved: false, isOver: true };
  }
  return { isMoved: true, isOver: flag === 'last' };
}

/** The query of before stays, behind that of the new text, unless that ends with a question mark. */
function withArgs(exchange: Exchange, text: string): { readonly uri: string; readonly args: string } {
  if (text.endsWith('?')) return splitArgs(text.slice(0, -1));
  const { uri, args } = splitArgs(text);
  return { uri, args: [args, exchange.args].filter((part) => part !== '').join('&') };
}
