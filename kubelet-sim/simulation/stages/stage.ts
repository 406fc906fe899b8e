import { parse } from 'yaml';
import type { KubeObject } from '../../../api/index.ts';
import { parseDuration, type Random } from '../../../runtime/index.ts';
import { readQuery } from './query.ts';
import { isObject, Template, type TemplateFunction } from './template.ts';
import { TemplateError } from './template-error.ts';

/** One thing that a stage does. */
export type Action =
  | {
      readonly patch: {
        readonly template: Template;
        readonly root: string;
        readonly subresource: string;
        readonly type: 'merge' | 'strategic' | 'json';
      };
    }
  | { readonly event: { readonly type: string; readonly reason: string; readonly message: Template } }
  | { readonly finalizers: { readonly add: readonly string[]; readonly remove: readonly string[]; readonly empty: boolean } }
  | { readonly delete: true };

/** A Stage of KWOK's, read (kwok, `pkg/apis/v1alpha1/stage_types.go`; older and newer forms alike). */
export interface Stage {
  readonly name: string;
  /** Kind of the objects it is about. */
  readonly kind: string;
  matches(object: KubeObject): boolean;
  weight(object: KubeObject): number;
  /** How long an object stays as it is before the stage comes over it. */
  delayMs(object: KubeObject, now: number, random: Random): number;
  readonly actions: readonly Action[];
}

type Part = Readonly<Record<string, unknown>>;

const partOf = (value: unknown): Part => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

/** @throws TemplateError when something in it is not understood */
export function readStage({ metadata, spec }: KubeObject & { readonly spec?: unknown }): Stage {
  const { resourceRef, selector, delay, next, steps, weight, weightFrom } = partOf(spec);
  const matchers = readSelector(partOf(selector));
  const weightOf = readFrom(weightFrom);
  return {
    name: metadata.name ?? '',
    kind: textOf(partOf(resourceRef).kind),
    matches: (object) => selector !== undefined && matchers.every((matcher) => matcher(object)),
    weight: (object) => Number(weightOf(object) ?? weight ?? 0),
    delayMs: readDelay(partOf(delay)),
    actions: [...readNext(partOf(next)), ...listOf(steps).flatMap((step) => readNext(partOf(step)))],
  };
}

type Matcher = (object: KubeObject) => boolean;

function readSelector({ matchLabels, matchAnnotations, matchExpressions }: Part): Matcher[] {
  const pairs = (wanted: unknown, of: (object: KubeObject) => Readonly<Record<string, string>> | undefined) =>
    Object.entries(partOf(wanted)).map(
      ([key, value]): Matcher =>
        (object) =>
          of(object)?.[key] === value,
    );
  return [
    ...pairs(matchLabels, ({ metadata }) => metadata.labels),
    ...pairs(matchAnnotations, ({ metadata }) => metadata.annotations),
    ...listOf(matchExpressions).map((expression) => readExpression(partOf(expression))),
  ];
}

function readExpression(expression: Part): Matcher {
  const { key, operator, values } = isObject(expression.jq) ? expression.jq : expression;
  const query = readQuery(textOf(key));
  const wanted = new Set(listOf(values).map(textOf));
  const found = (object: KubeObject) => query(object).map(textOf);
  switch (operator) {
    case 'In':
      return (object) => found(object).some((value) => wanted.has(value));
    case 'NotIn':
      return (object) => !found(object).some((value) => wanted.has(value));
    case 'Exists':
      return (object) => found(object).length > 0;
    case 'DoesNotExist':
      return (object) => found(object).length === 0;
    default:
      throw new TemplateError(`the operator "${textOf(operator)}" is not In, NotIn, Exists or DoesNotExist`);
  }
}

/** A value that is somewhere in the object: `{expressionFrom: …}` or `{jq: {expression: …}}`. */
function readFrom(from: unknown): (object: KubeObject) => string | undefined {
  const { expressionFrom, jq } = partOf(from);
  const text = textOf(expressionFrom ?? partOf(jq).expression);
  if (text === '') return () => undefined;
  const query = readQuery(text);
  return (object) => {
    const [value] = query(object);
    return value === undefined ? undefined : textOf(value);
  };
}

function readDelay({ durationMilliseconds, durationFrom, jitterDurationMilliseconds, jitterDurationFrom }: Part): Stage['delayMs'] {
  const from = readFrom(durationFrom);
  const jitterFrom = readFrom(jitterDurationFrom);
  return (object, now, random) => {
    const duration = msOf(from(object), now) ?? Number(durationMilliseconds ?? 0);
    const jitter =
      msOf(jitterFrom(object), now) ?? (jitterDurationMilliseconds === undefined ? undefined : Number(jitterDurationMilliseconds));
    if (jitter === undefined) return Math.max(0, duration);
    return Math.max(0, jitter <= duration ? jitter : duration + random.next() * (jitter - duration));
  };
}

/** A duration, or the time until a moment. */
function msOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(at) ? at - now : parseDuration(text);
}

function readNext(next: Part): Action[] {
  const { statusTemplate, statusSubresource, patches, patch, event, finalizers } = next;
  const all = [...(patch === undefined ? [] : [patch]), ...listOf(patches)].map(partOf);
  const status =
    statusTemplate === undefined ? [] : [{ template: statusTemplate, root: 'status', subresource: statusSubresource ?? 'status' }];
  return [
    ...(event === undefined ? [] : [eventOf(partOf(event))]),
    ...(finalizers === undefined ? [] : [finalizersOf(partOf(finalizers))]),
    ...[...status, ...all].map((each) => patchOf(each)),
    ...(next.delete === true ? [{ delete: true } as const] : []),
  ];
}

const eventOf = ({ type, reason, message }: Part): Action => ({
  event: { type: textOf(type) || 'Normal', reason: textOf(reason), message: new Template(textOf(message)) },
});

function finalizersOf({ add, remove, empty }: Part): Action {
  const values = (list: unknown) => listOf(list).map((item) => textOf(partOf(item).value));
  return { finalizers: { add: values(add), remove: values(remove), empty: empty === true } };
}

function patchOf({ template, root, subresource, type }: Part): Action {
  const kind = type === 'json' || type === 'merge' ? type : 'strategic';
  return { patch: { template: new Template(textOf(template)), root: textOf(root), subresource: textOf(subresource), type: kind } };
}

/** The stage that comes over an object next: by chance, as weights say. */
export function chooseStage(stages: readonly Stage[], object: KubeObject, random: Random): Stage | undefined {
  const matching = stages.filter((stage) => stage.matches(object));
  const weights = matching.map((stage) => Math.max(0, stage.weight(object) || 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return matching[random.integer(Math.max(matching.length, 1))];
  let left = random.next() * total;
  return matching.find((_, i) => {
    left -= weights[i] ?? 0;
    return left < 0;
  });
}

/** What a template says, as the body of a patch. @throws TemplateError when it is no YAML */
export function renderPatch(
  { template, root, type }: { template: Template; root: string; type: 'merge' | 'strategic' | 'json' },
  object: KubeObject,
  functions: Readonly<Record<string, TemplateFunction>>,
): unknown {
  const text = template.run(object, functions);
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw new TemplateError(`the template does not make YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (root === '') return value;
  // Of a JSON patch the paths are below the root.
  if (type === 'json') return listOf(value).map((each) => ({ ...partOf(each), path: `/${root}${textOf(partOf(each).path)}` }));
  return { [root]: value };
}
