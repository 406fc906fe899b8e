import {
  type FieldError,
  fieldError,
  type LabelOperator,
  type NodeAffinity,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  requirementErrors,
} from '../../api/index.ts';
import { type FieldReader, lineOf, type Problems } from '../config/field-reader.ts';
import type { ArgsResult } from '../framework/plugin.ts';

// Reading and checking of plugin arguments. Upstream: `pkg/scheduler/apis/config/validation/validation_pluginargs.go`.

/** The arguments, unless reading them found something wrong. */
export function argsOf<A>(read: (problems: Problems) => A): ArgsResult<A> {
  const problems: Problems = [];
  const args = read(problems);
  return problems.length > 0 ? { errors: problems.map(lineOf) } : { args };
}

/** A resource, and how much it counts. */
export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** A weight of 0 is one that was not said. */
export const readResources = (reader: FieldReader, name: string): readonly ResourceWeight[] =>
  reader.objects(name, (row) => ({ name: row.string('name') ?? '', weight: row.integer('weight') || 1 }));

/** A point of a curve: how good a utilization in percent is, from 0 to 10. */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

export function readShape(reader: FieldReader, name: string): readonly ShapePoint[] {
  const shape = reader.objects(name, (row) => ({ utilization: row.integer('utilization') ?? 0, score: row.integer('score') ?? 0 }));
  const path = reader.pathOf(name);
  if (shape.length === 0) reader.note(fieldError.required(path, 'at least one point must be specified'));
  const unsorted = shape.findIndex(({ utilization }, i) => i > 0 && (shape[i - 1]?.utilization ?? 0) >= utilization);
  if (unsorted > 0) {
    reader.note(
      fieldError.invalid(`${path}[${unsorted}].utilization`, shape[unsorted]?.utilization, 'values must be sorted in increasing order'),
    );
  }
  shape.forEach(({ utilization, score }, i) => {
    checkRange(reader, `${path}[${i}].utilization`, utilization, [0, 100]);
    checkRange(reader, `${path}[${i}].score`, score, [0, 10]);
  });
  return shape;
}

export function checkRange(
  { problems }: Pick<FieldReader, 'problems'>,
  path: string,
  value: number,
  [min, max]: readonly [number, number],
): void {
  if (value < min || value > max) problems.push(fieldError.invalid(path, value, `not in valid range [${min}, ${max}]`));
}

/** What upstream calls the operators of node selectors, and what labels call them. */
const OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
  ['Gt', 'gt'],
  ['Lt', 'lt'],
]);
const FIELD_OPERATORS = ['In', 'NotIn'];

/** A node affinity that stands in a configuration. */
export const readNodeAffinity = (reader: FieldReader): NodeAffinity => ({
  requiredDuringSchedulingIgnoredDuringExecution: reader.object('requiredDuringSchedulingIgnoredDuringExecution', (required) => ({
    nodeSelectorTerms: required.objects('nodeSelectorTerms', readTerm),
  })),
  preferredDuringSchedulingIgnoredDuringExecution: reader.objects('preferredDuringSchedulingIgnoredDuringExecution', (preferred) => ({
    weight: preferred.integer('weight') ?? 0,
    preference: preferred.object('preference', readTerm) ?? {},
  })),
});

const readTerm = (reader: FieldReader): NodeSelectorTerm => ({
  matchExpressions: reader.objects('matchExpressions', readRequirement),
  matchFields: reader.objects('matchFields', readRequirement),
});

const readRequirement = (reader: FieldReader): NodeSelectorRequirement => ({
  key: reader.string('key') ?? '',
  operator: reader.string('operator') ?? '',
  values: [...reader.strings('values')],
});

/** What is wrong with a node affinity that stands in a configuration. Upstream: component-helpers' `scheduling/corev1/nodeaffinity`. */
export function nodeAffinityErrors(affinity: NodeAffinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return [];
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...required.flatMap((term, i) => termErrors(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`)),
    ...preferred.flatMap(({ weight, preference }, i) =>
      weight === 0 ? [] : termErrors(preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`),
    ),
  ];
}

function termErrors({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, path: string): FieldError[] {
  return [
    ...matchExpressions.flatMap((expression, i) => expressionErrors(expression, `${path}.matchExpressions[${i}]`)),
    ...matchFields.flatMap((field, i) => fieldErrors(field, `${path}.matchFields[${i}]`)),
  ];
}

function expressionErrors({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const known = OPERATORS.get(operator);
  if (!known) return [fieldError.notSupported(`${path}.operator`, operator, [...OPERATORS.keys()])];
  return requirementErrors(key, known, values).map((error) => ({ ...error, field: `${path}.${error.field}` }));
}

function fieldErrors({ operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  if (!FIELD_OPERATORS.includes(operator)) return [fieldError.notSupported(`${path}.operator`, operator, FIELD_OPERATORS)];
  return values.length === 1 ? [] : [fieldError.invalid(`${path}.values`, values, 'must have one element')];
}
