import { type Container, fromLabelSelector, type LabelSelector } from '../../../api/index.ts';
import { keysOf, listOf } from '../../validation/field-errors.ts';

const NONE = '<none>';

/** The wide columns "Containers" and "Images" of a workload. */
export function containerCells(containers: readonly Container[] | undefined): readonly [names: string, images: string] {
  const list = listOf(containers);
  return [list.map(({ name }) => name).join(','), list.map(({ image = '' }) => image).join(',')];
}

/** A selector's canonical text; `<none>` for an empty one. */
export const selectorCell = (selector: LabelSelector | null | undefined): string => fromLabelSelector(selector).toString() || NONE;

/** Labels as `a=b,c=d`; `<none>` for none. */
export const labelsCell = (labels: Readonly<Record<string, string>> | undefined): string =>
  keysOf(labels)
    .sort()
    .map((key) => `${key}=${labels?.[key] ?? ''}`)
    .join(',') || NONE;
