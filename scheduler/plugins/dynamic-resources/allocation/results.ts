// What is written of an allocation. Upstream: the end of `Allocate`, `createNodeSelector`.
import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  Live,
  Node,
  NodeSelector,
  NodeSelectorRequirement,
} from '../../../../api/index.ts';
import type { PoolDevice } from './inventory.ts';
import { type Claim, requestName, type Wanted, type WantedRequest } from './requests.ts';

/** A device for something that was wanted. */
export interface Taken {
  readonly wanted: Wanted;
  readonly device: PoolDevice;
}

/** A solution, for one claim. */
export interface Solution {
  readonly node: Live<Node>;
  readonly requests: readonly WantedRequest[];
  readonly taken: readonly Taken[];
  /** Which alternative of each request was chosen; none for requests without. */
  readonly chosen: readonly (number | undefined)[];
}

export function allocationResult(claim: Claim, solution: Solution): AllocationResult {
  const results = solution.taken.map(({ wanted, device: { device, slice } }) => ({
    request: requestName(wanted),
    driver: slice.spec.driver,
    pool: slice.spec.pool.name,
    device: device.name,
    ...(wanted.adminAccess ? { adminAccess: true } : {}),
  }));
  const config = [...classConfig(solution), ...claimConfig(claim, solution)];
  const nodeSelector = nodeSelectorOf(claim, solution);
  return {
    devices: { results, ...(config.length > 0 ? { config } : {}) },
    ...(nodeSelector ? { nodeSelector } : {}),
  };
}

const chosenOf = ({ requests, chosen }: Solution): Wanted[] =>
  requests.flatMap(({ alternatives }, i) => alternatives[chosen[i] ?? 0] ?? []);

/** The settings of each class once, for all requests of devices of the class. */
function classConfig(solution: Solution): DeviceAllocationConfiguration[] {
  const requests = new Map<Wanted['deviceClass'], string[]>();
  for (const wanted of chosenOf(solution)) {
    requests.set(wanted.deviceClass, [...(requests.get(wanted.deviceClass) ?? []), requestName(wanted)]);
  }
  return [...requests].flatMap(([{ spec }, names]) =>
    (spec.config ?? []).map((config) => ({ source: 'FromClass', requests: names, ...config })),
  );
}

/** The claim's settings for everything, or for what was chosen; once for each request they name. */
function claimConfig(claim: Claim, solution: Solution): DeviceAllocationConfiguration[] {
  const chosen = chosenOf(solution);
  return (claim.spec.devices?.config ?? []).flatMap((config) => {
    const { requests = [] } = config;
    const given = { source: 'FromClaim', ...config };
    if (requests.length === 0) return [given];
    const named = chosen.filter((wanted) => requests.includes(wanted.parent ?? wanted.name) || requests.includes(requestName(wanted)));
    return named.map(() => given);
  });
}

/** The nodes that reach all the devices; nothing when all nodes do. */
function nodeSelectorOf({ metadata }: Claim, { node, taken }: Solution): NodeSelector | undefined {
  const matchFields: NodeSelectorRequirement[] = [];
  const matchExpressions: NodeSelectorRequirement[] = [];
  for (const { device } of taken) {
    const { nodeName, nodeSelector } = device.slice.spec;
    if (nodeName !== undefined) {
      return { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] }] };
    }
    const terms = nodeSelector?.nodeSelectorTerms ?? [];
    if (terms.length > 1) {
      const why = `unsupported ResourceSlice.NodeSelector with ${terms.length} terms`;
      throw new Error(`create NodeSelector for claim ${metadata.name}: ${why}`);
    }
    addNew(matchFields, terms[0]?.matchFields);
    addNew(matchExpressions, terms[0]?.matchExpressions);
  }
  if (matchFields.length === 0 && matchExpressions.length === 0) return undefined;
  const term = {
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
    ...(matchFields.length > 0 ? { matchFields } : {}),
  };
  return { nodeSelectorTerms: [term] };
}

function addNew(known: NodeSelectorRequirement[], more: readonly NodeSelectorRequirement[] = []): void {
  for (const requirement of more) if (!known.some((one) => isSame(one, requirement))) known.push(requirement);
}

function isSame(a: NodeSelectorRequirement, b: NodeSelectorRequirement): boolean {
  const [values, others] = [new Set(a.values), new Set(b.values)];
  return a.key === b.key && a.operator === b.operator && values.size === others.size && [...values].every((value) => others.has(value));
}
