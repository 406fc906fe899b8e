import { goQuote, type PersistentVolumeClaim } from '../../../api/index.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import type { NodeRequest, Problem } from './plugin.ts';

/** A node says how large a volume has become, and how far its growing is; nothing else. */
export function claimStatusProblem({ node, attributes: { operation, object, old } }: NodeRequest): Problem {
  if (operation !== 'UPDATE') return `unexpected operation ${goQuote(operation)}`;
  // The objects of a claims request are claims: they were decoded as such.
  if (semanticEqual(fixedPart(object as PersistentVolumeClaim), fixedPart(old as PersistentVolumeClaim))) return undefined;
  return `node ${goQuote(node)} is not allowed to update fields other than status.capacity and status.conditions`;
}

const FREE = { capacity: undefined, conditions: undefined, allocatedResourceStatuses: undefined, allocatedResources: undefined };

const fixedPart = ({ metadata, spec, status }: PersistentVolumeClaim) => ({
  metadata: { ...metadata, resourceVersion: undefined, managedFields: undefined },
  spec,
  status: { ...status, ...FREE },
});
