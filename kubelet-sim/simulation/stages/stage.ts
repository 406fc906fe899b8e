import { type KubeObject, parseYaml } from '../../../api/index.ts';
import { parseDuration, type Random } from '../../../runtime/index.ts';
import type { CelReader } from './cel.ts';
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
  | { readonly apply: Apply }
  | { readonly delete: true };

/** Another object, which is made, or changed when it is there. */
export interface Apply {
  readonly template: Template;
  /** Changed alone, of an object that is there. */
  readonly subresource: string;
  readonly type: 'apply' | 'merge' | 'strategic';
}

/** A Stage of KWOK's, read (kwok, `pkg/apis/v1alpha1/stage_types.go`; older and newer forms alike). */
export interface Stage {
  readonly name: string;
  /** Version, with the group before it unless that is the core's, and kind of the objects it is about. */
  readonly apiVersion: string;
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

/** Whether a stage has expressions in CEL, without which it cannot be read. */
export const needsCel = ({ spec }: KubeObject & { readonly spec?: unknown }): boolean => /"cel":/.test(JSON.stringify(spec ?? {}));

/** @throws TemplateError when something in it is not understood */
export function readStage({ metadata, spec }: KubeObject & { readonly spec?: unknown }, cel: CelReader = noCel): Stage {
  const { resourceRef, selector, delay, next, steps, weight, weightFrom } = partOf(spec);
  const { apiGroup, kind } = partOf(resourceRef);
  const matchers = readSelector(partOf(selector), cel);
  const weightOf = readFrom(weightFrom, cel);
  const patchType = BUILT_UP.has(textOf(kind)) ? 'strategic' : 'merge';
  return {
    name: metadata.name ?? '',
    apiVersion: textOf(apiGroup) || 'v1',
    kind: textOf(kind),
    matches: (object) => selector !== undefined && matchers.every((matcher) => matcher(object)),
    weight: (object) => Number(weightOf(object) ?? weight ?? 0),
    delayMs: readDelay(partOf(delay), cel),
    actions: [partOf(next), ...listOf(steps).map(partOf)].flatMap((step) => readNext(step, patchType)),
  };
}

/** Kinds whose patches are strategic unless a stage says otherwise. */
const BUILT_UP: ReadonlySet<string> = new Set(['Pod', 'Node']);

const noCel: CelReader = (expression) => {
  throw new TemplateError(`"${expression}" is CEL, which is not at hand`);
};

type Matcher = (object: KubeObject) => boolean;

function readSelector({ matchLabels, matchAnnotations, matchExpressions }: Part, cel: CelReader): Matcher[] {
  const pairs = (wanted: unknown, of: (object: KubeObject) => Readonly<Record<string, string>> | undefined) =>
    Object.entries(partOf(wanted)).map(
      ([key, value]): Matcher =>
        (object) =>
          of(object)?.[key] === value,
    );
  return [
    ...pairs(matchLabels, ({ metadata }) => metadata.labels),
    ...pairs(matchAnnotations, ({ metadata }) => metadata.annotations),
    ...listOf(matchExpressions).map((expression) => readExpression(partOf(expression), cel)),
  ];
}

function readExpression(expression: Part, cel: CelReader): Matcher {
  if (isObject(expression.cel)) {
    const holds = cel(textOf(expression.cel.expression));
    return (object) => holds(object) === true;
  }

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

/** A value that is somewhere in the object: `{expressionFrom: …}`, `{jq: {expression: …}}` or `{cel: {expression: …}}`. */
function readFrom(from: unknown, reader: CelReader): (object: KubeObject) => string | undefined {
  const { expressionFrom, jq, cel } = partOf(from);
  if (isObject(cel)) {
    const value = reader(textOf(cel.expression));
    return (object) => textOf(value(object)) || undefined;
  }
  const text = textOf(expressionFrom ?? partOf(jq).expression);
  if (text === '') return () => undefined;
  const query = readQuery(text);
  return (object) => {
    const [value] = query(object);
    return value === undefined ? undefined : textOf(value);
  };
}

function readDelay(
  { durationMilliseconds, durationFrom, jitterDurationMilliseconds, jitterDurationFrom }: Part,
  cel: CelReader,
): Stage['delayMs'] {
  const from = readFrom(durationFrom, cel);
  const jitterFrom = readFrom(jitterDurationFrom, cel);
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

/** What is done, in KWOK's order (`doStageSteps`, `pkg/utils/lifecycle/next.go`): whoever is deleted is not patched. */
function readNext(next: Part, patchType: PatchType): Action[] {
  const { statusTemplate, statusSubresource, patches, patch, event, finalizers, apply } = next;
  const all = [...(patch === undefined ? [] : [patch]), ...listOf(patches)].map(partOf);
  const status =
    statusTemplate === undefined ? [] : [{ template: statusTemplate, root: 'status', subresource: statusSubresource ?? 'status' }];
  return [
    ...(event === undefined ? [] : [eventOf(partOf(event))]),
    ...(finalizers === undefined ? [] : [finalizersOf(partOf(finalizers))]),
    ...(next.delete === true ? [{ delete: true } as const] : [...status, ...all].map((each) => patchOf(each, patchType))),
    ...(next.delete !== true && apply !== undefined ? [applyOf(partOf(apply))] : []),
  ];
}

const eventOf = ({ type, reason, message }: Part): Action => ({
  event: { type: textOf(type) || 'Normal', reason: textOf(reason), message: new Template(textOf(message)) },
});

function finalizersOf({ add, remove, empty }: Part): Action {
  const values = (list: unknown) => listOf(list).map((item) => textOf(partOf(item).value));
  return { finalizers: { add: values(add), remove: values(remove), empty: empty === true } };
}

type PatchType = 'merge' | 'strategic' | 'json';

function applyOf({ template, subresource, type }: Part): Action {
  const kind = type === 'merge' || type === 'strategic' ? type : 'apply';
  return { apply: { template: new Template(textOf(template)), subresource: textOf(subresource), type: kind } };
}

function patchOf({ template, root, subresource, type }: Part, usual: PatchType): Action {
  const kind = type === 'json' || type === 'merge' || type === 'strategic' ? type : usual;
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
  const value = renderYaml(template, object, functions);
  if (root === '') return value;
  // Of a JSON patch the paths are below the root.
  if (type === 'json') return listOf(value).map((each) => ({ ...partOf(each), path: `/${root}${textOf(partOf(each).path)}` }));
  return { [root]: value };
}

/** What a template says. @throws TemplateError when it is no YAML */
export function renderYaml(template: Template, object: KubeObject, functions: Readonly<Record<string, TemplateFunction>>): unknown {
  try {
    return parseYaml(template.run(object, functions)) ?? {};
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    throw new TemplateError(`the template does not make YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}
