import { type ControllerRevision, type FieldError, fieldError, type ObjectMeta } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkNonnegative, type Errors, IMMUTABLE_MESSAGE, listOf } from '../../validation/field-errors.ts';
import { ageOf, sameJson, strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/apps/controllerrevision`. Its data, whatever it is, never changes. */
export const controllerRevisionStrategy: Strategy<ControllerRevision> = strategyOf<ControllerRevision>({
  metadataLooks: ['changes', 'whole'],
  validateCreate: (_context, revision) => validate(revision),
  validateUpdate: (_context, revision, old) => {
    const changed = sameJson(revision.data, old.data) ? [] : [fieldError.invalid('data', revision.data, IMMUTABLE_MESSAGE)];
    return [...validate(revision), ...changed];
  },
  tableRow: ({ metadata, revision }, now) => [metadata.name, controllerCell(metadata), revision, ageOf(metadata.creationTimestamp, now)],
});

function validate({ data, revision }: ControllerRevision): FieldError[] {
  const errors: Errors = [];
  if (data === undefined || data === null) errors.push(fieldError.required('data', 'data is mandatory'));
  checkNonnegative(errors, 'revision', revision);
  return errors;
}

/** `daemonset.apps/name`. */
function controllerCell({ ownerReferences }: ObjectMeta): string {
  const owner = listOf(ownerReferences).find(({ controller }) => controller);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
