import type { Exchange } from '../pipeline/exchange.ts';
import type { DeleteRequest } from '../registry/deletion.ts';
import type { OperationOptions } from '../registry/strategy.ts';

const apiVersion = 'meta.k8s.io/v1';

/**
 * The options of a write as admission is told of them: what the client gave, as the options of what is done. A patch is an update or a create.
 * Upstream: `endpoints/handlers` (`updateToCreateOptions`, `patchToUpdateOptions` …).
 */
export function writeOperationOptions({ query }: Exchange, operation: 'CREATE' | 'UPDATE'): OperationOptions {
  const kind = operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions';
  if (!query) return { kind, apiVersion };
  return {
    kind,
    apiVersion,
    dryRun: nonEmpty(query.getAll('dryRun')),
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: query.get('fieldValidation') || undefined,
  };
}

/** The options of a delete as admission is told of them. */
export const deleteOperationOptions = (request: DeleteRequest): OperationOptions => ({
  kind: 'DeleteOptions',
  apiVersion,
  gracePeriodSeconds: request.gracePeriodSeconds,
  preconditions: request.preconditions,
  orphanDependents: request.orphanDependents,
  propagationPolicy: request.propagationPolicy,
  dryRun: nonEmpty(request.dryRun),
});

const nonEmpty = (values: readonly string[] | undefined) => (values && values.length > 0 ? values : undefined);
