interface Condition {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What a strategic merge patch of a pod's status says to set a condition: of one that is there what differs, and in which order all stand.
 * Without the order a new condition would come to stand before the others. Upstream: `strategicpatch.CreateTwoWayMergePatch`.
 */
export function conditionPatch(before: readonly Condition[] | undefined, condition: Condition): object {
  const there = before ?? [];
  if (there.length === 0) return { conditions: [condition] };
  const old = there.find(({ type }) => type === condition.type);
  const order = there.map(({ type }) => ({ type }));
  if (!old) order.push({ type: condition.type });
  return { '$setElementOrder/conditions': order, conditions: [old ? { ...changed(old, condition), type: condition.type } : condition] };
}

/** The fields that differ; null takes one away. */
function changed(old: object, now: object): Record<string, unknown> {
  const values = new Map(Object.entries(old));
  const set = Object.entries(now).filter(([name, value]) => (values.get(name) ?? null) !== (value ?? null));
  const gone = [...values.keys()].filter((name) => (values.get(name) ?? null) !== null && !(name in now));
  return Object.fromEntries([...set, ...gone.map((name): [string, unknown] => [name, null])]);
}
