import { type Container, fromLabelSelector, type LabelSelector } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';

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
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort() // with their values, as upstream's `labels.FormatLabels`: `app.x=1` comes before `app=1`
    .join(',') || NONE;

interface BalancerAddress {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Where a load balancer takes traffic: each address once, sorted. */
export const balancerAddresses = (ingresses: readonly BalancerAddress[] | undefined): string[] =>
  [...new Set(listOf(ingresses).map(({ ip, hostname }) => ip || (hostname ?? '')))].filter((address) => address !== '').sort();
