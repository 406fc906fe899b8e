import { type ApiError, apiError, goQuote } from '../../api/index.ts';
import { ownership } from '../../api/schema.ts';

/** The answer to an apply that meets fields of others. */
export function conflictError(conflicts: readonly ownership.Conflict[]): ApiError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${show(manager)}`,
    field: ownership.showPath(path),
  }));
  return apiError.applyConflict(causes, messageOf(conflicts));
}

function messageOf(conflicts: readonly ownership.Conflict[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1 && only) {
    return `Apply failed with 1 conflict: conflict with ${show(only.manager)}: ${ownership.showPath(only.path)}`;
  }
  const byManager = new Map<string, ownership.Conflict[]>();
  for (const conflict of conflicts) {
    const id = ownership.idOf(conflict.manager);
    byManager.set(id, [...(byManager.get(id) ?? []), conflict]);
  }
  const lines = [...byManager]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      return first ? [`conflicts with ${show(first.manager)}:`, ...group.map(({ path }) => `- ${ownership.showPath(path)}`)] : [];
    });
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function show({ manager, operation, apiVersion, subresource }: ownership.ManagerInfo): string {
  const name = `${goQuote(manager)}${subresource ? ` with subresource ${goQuote(subresource)}` : ''}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
