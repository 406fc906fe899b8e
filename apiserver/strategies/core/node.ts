import { cidrWarnings, type FieldError, type Node } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { checkNode, checkNodeUpdate } from '../../validation/node.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { roundAmounts } from './pod-template-defaults.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

/** Upstream: `pkg/registry/core/node`, `ValidateNode`, `ValidateNodeUpdate`. */
export const nodeStrategy = strategyOf<Node>({
  metadataLooks: ['whole', 'changes'],
  setDefaults: ({ spec, status }) => {
    unifyPodCidrs(spec);
    if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
    for (const amounts of [status.capacity, status.allocatable]) if (amounts) roundAmounts(amounts);
  },
  prepareForCreate: (_context, node) => dropDynamicConfig(node),
  validateCreate: (context, node) => {
    const errors: FieldError[] = [];
    checkNode(errors, node);
    warn(context, node);
    return errors;
  },
  prepareForUpdate: (_context, node, old) => {
    node.status = old.status;
    dropDynamicConfig(node);
  },
  validateUpdate: (context, node, old) => {
    const errors: FieldError[] = [];
    checkNode(errors, node);
    errors.push(NEXT_LOOK);
    checkNodeUpdate(errors, node, old);
    warn(context, node);
    return errors;
  },
  fieldSelectors: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  tableRow: nodeRow,
  subresources: {
    status: updateOf<Node>({
      prepareForUpdate: (_context, node, old) => {
        node.spec = old.spec;
        dropDynamicConfig(node);
      },
      validateUpdate: (_context, node, old) => {
        const errors: FieldError[] = [];
        checkNodeUpdate(errors, node, old);
        return errors;
      },
    }),
  },
});

/** One of the two fields gives the other; where they differ, the older one is right (`Convert_v1_NodeSpec_To_core_NodeSpec`). */
function unifyPodCidrs(spec: Node['spec']): void {
  if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
  const [first] = listOf(spec.podCIDRs);
  if (first !== undefined && first !== '') spec.podCIDR = first;
}

/** Dynamic configuration of kubelets is gone. */
function dropDynamicConfig({ spec, status }: Node): void {
  delete spec.configSource;
  delete status.config;
}

function warn(context: RequestContext, { spec }: Node): void {
  if (spec.externalID) context.warn('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  listOf(spec.podCIDRs).forEach((cidr, i) => {
    for (const text of cidrWarnings(cidr)) context.warn(`spec.podCIDRs[${i}]: ${text}`);
  });
}

function nodeRow(node: Node, now: number): unknown[] {
  const { conditions = [], addresses = [], nodeInfo } = node.status;
  const ready = conditions.find(({ type }) => type === 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  const address = (type: string) => addresses.find((candidate) => candidate.type === type)?.address ?? '<none>';
  return [
    node.metadata.name,
    node.spec.unschedulable ? `${state},SchedulingDisabled` : state,
    rolesOf(node).join(',') || '<none>',
    ageOf(node.metadata.creationTimestamp, now),
    nodeInfo?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    nodeInfo?.osImage || '<unknown>',
    nodeInfo?.kernelVersion || '<unknown>',
    nodeInfo?.containerRuntimeVersion || '<unknown>',
  ];
}

function rolesOf({ metadata }: Node): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value !== '') roles.add(value);
  }
  return [...roles].sort();
}
