import { type FieldError, fieldError, type NodeAffinity, type NodeSelectorTerm } from '../../api/index.ts';
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

export const readResources = (reader: FieldReader, name: string): readonly ResourceWeight[] =>
  reader.objects(name, (row) => ({ name: row.string('name') ?? '', weight: row.integer('weight') ?? 1 }));

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

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

/** What is wrong with a node affinity that stands in a configuration. */
export function nodeAffinityErrors(affinity: NodeAffinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return [];
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...required.flatMap((term, i) => termErrors(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`)),
    ...preferred.flatMap(({ preference }, i) => termErrors(preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`)),
  ];
}

function termErrors({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, path: string): FieldError[] {
  return [...matchExpressions, ...matchFields].flatMap(({ operator }, i) =>
    OPERATORS.includes(operator) ? [] : [fieldError.notSupported(`${path}.matchExpressions[${i}].operator`, operator, OPERATORS)],
  );
}
