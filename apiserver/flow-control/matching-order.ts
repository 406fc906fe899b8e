import type { FlowSchema } from '../../api/index.ts';

/** The order in which schemas are tried, and shown: by precedence, then by name. Upstream: `FlowSchemaSequence`. */
export function inMatchingOrder(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0);
  if (difference !== 0) return difference;
  const [first = '', second = ''] = [a.metadata.name, b.metadata.name];
  return first < second ? -1 : first > second ? 1 : 0;
}
