import { type CSINode, fieldError, type Live, type PersistentVolumeClaim, type Pod } from '../../../api/index.ts';
import { equalJson } from '../../../client/index.ts';
import { readObject } from '../../config/field-reader.ts';
import type { EventRegistration } from '../../framework/events.ts';
import { on } from '../../framework/events.ts';
import type { PluginDefinition } from '../../framework/plugin.ts';
import { type Rejection, SKIP, unresolvable } from '../../framework/status.ts';
import { argsOf } from '../args.ts';
import { VolumeBinder } from './binder.ts';
import { NodeSearch, type NodeVolumes, volumeLimit } from './node-search.ts';
import { claimsNamedBy, isFullyBound, isNamedBy, readClaims } from './pod-claims.ts';

const NAME = 'VolumeBinding';
const BIND_TIMEOUT_SECONDS = 600;
const UNBOUND = unresolvable('pod has unbound immediate PersistentVolumeClaims');

export interface VolumeBindingArgs {
  readonly bindTimeoutMs: number;
}

/** What is found out about a pod's volumes, node by node; what is tried out on clones of the cycle's state is found out just the same. */
interface State {
  readonly search: NodeSearch;
  readonly byNode: Map<string, NodeVolumes>;
  /** What is to be written, once the node is chosen; undefined when there is nothing. */
  reserved: NodeVolumes | undefined;
}

/**
 * A pod goes where its volumes can be reached; claims that wait for a consumer get a volume for the node that is chosen. Upstream:
 * `plugins/volumebinding`.
 */
export const volumeBinding: PluginDefinition<VolumeBindingArgs> = {
  name: NAME,
  readArgs: (args, path) =>
    argsOf((problems) =>
      readObject(args, path, problems, (reader) => {
        const seconds = reader.integer('bindTimeoutSeconds') ?? BIND_TIMEOUT_SECONDS;
        if (seconds < 0) {
          const why = 'invalid BindTimeoutSeconds, should not be a negative value';
          reader.note(fieldError.invalid(reader.pathOf('bindTimeoutSeconds'), seconds, why));
        }
        return { bindTimeoutMs: seconds * 1000 };
      }),
    ),
  create: ({ bindTimeoutMs }, handle) => {
    const binder = handle.shared(NAME, () => new VolumeBinder(handle));
    return {
      name: NAME,
      preFilter: (state, { pod, claims }) => {
        if (claims.length === 0) return SKIP;
        const read = readClaims(pod, binder.world);
        if (typeof read === 'string') return unresolvable(read);
        if (read.immediate.length > 0) return UNBOUND;
        state.write(NAME, { search: new NodeSearch(read, binder.world), byNode: new Map(), reserved: undefined } satisfies State);
        return undefined;
      },
      filter: (state, _pod, { node }) => {
        if (!node) return undefined;
        const { search, byNode } = state.read<State>(NAME);
        const found = search.look(node);
        if (isRejection(found)) return found;
        byNode.set(node.metadata.name, found);
        return undefined;
      },
      reserve: (state, { pod }, nodeName) => {
        const known = state.find<State>(NAME);
        const volumes = known?.byNode.get(nodeName);
        if (!known || !volumes || isAllBound(pod, binder)) return undefined;
        known.reserved = binder.assume(nodeName, volumes);
        return undefined;
      },
      unreserve: (state) => {
        const reserved = state.find<State>(NAME)?.reserved;
        if (reserved) binder.revert(reserved);
      },
      preBind: async (state, pod, nodeName, signal) => {
        const reserved = state.find<State>(NAME)?.reserved;
        if (reserved) await binder.bind(pod, nodeName, reserved, { timeoutMs: bindTimeoutMs, signal });
        return undefined;
      },
      events: EVENTS,
    };
  },
};

const isRejection = (found: NodeVolumes | Rejection): found is Rejection => 'code' in found;

const isAllBound = (pod: Live<Pod>, { world }: VolumeBinder): boolean =>
  claimsNamedBy(pod).every(({ name }) => {
    const claim = world.claim(`${pod.metadata.namespace}/${name}`);
    return claim !== undefined && isFullyBound(claim);
  });

const isClaimOf = ({ pod }: { readonly pod: Live<Pod> }, { now }: { readonly now?: Live<PersistentVolumeClaim> | undefined }): boolean =>
  now !== undefined && isNamedBy(pod, now);

/** The plugins whose volumes a node takes for those of drivers. */
const migratedBy = (csiNode: Live<CSINode> | undefined): string =>
  csiNode?.metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '';

const EVENTS: readonly EventRegistration[] = [
  on('StorageClass', ['Add', 'Update'], (_pod, { now, old }) => !old || !equalJson(now?.allowedTopologies, old.allowedTopologies)),
  on('PersistentVolumeClaim', ['Add', 'Update'], isClaimOf),
  on('PersistentVolume', ['Add', 'Update']),
  on('Node', ['Add', 'UpdateNodeLabel']),
  on('CSINode', ['Add', 'Update'], (_pod, { now, old }) => !old || migratedBy(now) !== migratedBy(old)),
  on('CSIDriver', ['Update'], ({ pod }, { now, old }) => {
    const isUsed = (pod.spec.volumes ?? []).some(({ csi }) => csi?.driver === now?.metadata.name);
    return isUsed && old?.spec.storageCapacity === true && !now?.spec.storageCapacity;
  }),
  on('CSIStorageCapacity', ['Add', 'Update'], (_pod, { now, old }) => {
    const [limit, before] = [now && volumeLimit(now), old && volumeLimit(old)];
    return !old || (limit !== undefined && (before === undefined || limit.cmp(before) > 0));
  }),
];
