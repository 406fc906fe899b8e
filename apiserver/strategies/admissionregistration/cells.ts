// Cells of policies' and bindings' Tables. Upstream: `pkg/printers/internalversion/printers.go`.
import type { LabelSelector, ParamKind, ParamRef } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';

const UNSET = '<unset>';

export const paramKindCell = (paramKind: ParamKind | undefined): string =>
  paramKind ? `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}` : UNSET;

/** Whether parameters have a namespace is not told here: without one they may be anywhere. */
export function paramRefCell(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? goSelector(ref.selector) : UNSET;
}

/** A selector as Go's generated code prints it. */
function goSelector({ matchLabels = {}, matchExpressions }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = listOf(matchExpressions).map(
    ({ key, operator, values }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${listOf(values).join(' ')}],},`,
  );
  const map = `MatchLabels:map[string]string{${labels.join('')}}`;
  return `&LabelSelector{${map},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
