import { type ControllerRevision, fieldError, type ObjectMeta } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkNonnegative, type Errors, IMMUTABLE_MESSAGE, listOf } from '../../validation/field-errors.ts';
import { ageOf, sameJson, strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/apps/controllerrevision`. Its data is an object, whatever is in it, and never changes. */
export const controllerRevisionStrategy: Strategy<ControllerRevision> = strategyOf<ControllerRevision>({
  formerNames: ['apps/v1beta2', 'apps/v1beta1'],
  metadataLooks: ['changes', 'whole'],
  validateCreate: (_context, { data, revision }) => {
    const errors: Errors = [];
    checkNonnegative(errors, 'revision', revision);
    if (data === undefined || data === null) errors.push(fieldError.required('data', 'data is mandatory'));
    else if (typeof data !== 'object' || Array.isArray(data)) errors.push(fieldError.required('data', 'data must be a valid JSON object'));
    return errors;
  },
  validateUpdate: (_context, { data, revision }, old) => {
    const errors: Errors = [];
    checkNonnegative(errors, 'revision', revision);
    if (!sameJson(data, old.data)) errors.push(fieldError.invalid('data', data, IMMUTABLE_MESSAGE));
    return errors;
  },
  tableRow: ({ metadata, revision }, now) => [metadata.name, controllerCell(metadata), revision, ageOf(metadata.creationTimestamp, now)],
});

/** `daemonset.apps/name`. */
function controllerCell({ ownerReferences }: ObjectMeta): string {
  const owner = listOf(ownerReferences).find(({ controller }) => controller);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
