import { appsKinds, batchKinds, coreKinds, type KindInfo } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';

const { deployments, replicasets, daemonsets, statefulsets } = appsKinds;
const { replicationcontrollers } = coreKinds;
const { jobs } = batchKinds;

export const WORKLOAD_KINDS: readonly KindInfo[] = [deployments, replicasets, replicationcontrollers, daemonsets, statefulsets, jobs];

/** Few names, so that they are taken again. */
const NAMES_PER_KIND = 3;
const REPLICAS_MAX = 6;

type Maker = (random: Random) => Record<string, unknown>;

interface Template {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly object[]; readonly restartPolicy?: string };
}

const template = (app: string, image: string): Template => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'app', image }] },
});
const anyOf = <T>(random: Random, items: readonly T[]): T | undefined => items[random.integer(items.length)];

/** What differs between the kinds: what a new one is made with, and what an edit changes. */
const SPECS = new Map<KindInfo, { readonly initial: Maker; readonly edits: readonly Maker[] }>([
  [
    deployments,
    { initial: deploymentSpec, edits: [replicas, image, (r) => ({ paused: r.integer(3) === 0 }), minReady, deploymentStrategy] },
  ],
  [replicasets, { initial: replicas, edits: [replicas, minReady] }],
  [replicationcontrollers, { initial: replicas, edits: [replicas, minReady] }],
  [daemonsets, { initial: daemonStrategy, edits: [image, minReady, daemonStrategy] }],
  [jobs, { initial: jobSpec, edits: [(r) => ({ parallelism: 1 + r.integer(3) }), (r) => ({ suspend: r.integer(3) === 0 })] }],
  [statefulsets, { initial: statefulSpec, edits: [replicas, image, minReady, partition, retention, ordinals] }],
]);

/** A workload that could be created now. */
export function randomWorkload(random: Random): { kind: KindInfo; object: object } {
  const kind = WORKLOAD_KINDS[random.integer(WORKLOAD_KINDS.length)] ?? deployments;
  const name = `${kind.shortNames?.[0] ?? kind.resource}-${random.integer(NAMES_PER_KIND)}`;
  const spec = { ...selectorOf(kind, name), template: template(name, 'app:1'), ...SPECS.get(kind)?.initial(random) };
  if (kind === jobs) spec.template = { ...spec.template, spec: { ...spec.template.spec, restartPolicy: 'Never' } };
  return {
    kind,
    object: { apiVersion: kind.group === '' ? 'v1' : `${kind.group}/${kind.version}`, kind: kind.kind, metadata: { name }, spec },
  };
}

/** Jobs select by a label that they get themselves. */
function selectorOf(kind: KindInfo, name: string): object {
  if (kind === jobs) return {};
  return { selector: kind === replicationcontrollers ? { app: name } : { matchLabels: { app: name } } };
}

/** The merge patch of an edit. */
export function randomEdit(random: Random, kind: KindInfo): object {
  const edits = SPECS.get(kind)?.edits ?? [];
  return { spec: anyOf(random, edits)?.(random) ?? {} };
}

/** The merge patch that begins a rollout. */
export const changedTemplate = (serial: number): object => ({
  spec: { template: { metadata: { annotations: { serial: String(serial) } } } },
});

function replicas(random: Random) {
  return { replicas: random.integer(REPLICAS_MAX + 1) };
}

/** Few of them, so that earlier ones come back. */
function image(random: Random) {
  return { template: { metadata: { annotations: { serial: String(random.integer(4)) } } } };
}

function minReady(random: Random) {
  return { minReadySeconds: anyOf(random, [0, 0, 2, 6]) };
}

function deploymentSpec(random: Random) {
  return { ...replicas(random), ...deploymentStrategy(random), revisionHistoryLimit: random.integer(4) };
}

function deploymentStrategy(random: Random) {
  if (random.integer(4) === 0) return { strategy: { type: 'Recreate', rollingUpdate: null } };
  const amounts = [0, 1, 2, '25%', '50%', '100%'];
  const [maxSurge = 1, maxUnavailable = 1] = [anyOf(random, amounts), anyOf(random, amounts)];
  return { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: maxSurge === 0 ? 1 : maxUnavailable } } };
}

function daemonStrategy(random: Random) {
  const rollingUpdate = anyOf(random, [
    { maxSurge: 0, maxUnavailable: 1 },
    { maxSurge: 0, maxUnavailable: '50%' },
    { maxSurge: 1, maxUnavailable: 0 },
    { maxSurge: '50%', maxUnavailable: 0 },
  ]);
  return { updateStrategy: { type: 'RollingUpdate', rollingUpdate } };
}

const CLAIM = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };

function statefulSpec(random: Random) {
  return {
    ...replicas(random),
    ...retention(random),
    serviceName: 'none',
    podManagementPolicy: anyOf(random, ['OrderedReady', 'Parallel']),
    revisionHistoryLimit: random.integer(4),
    volumeClaimTemplates: random.integer(2) ? [CLAIM] : [],
  };
}

function jobSpec(random: Random) {
  return {
    completions: 1 + random.integer(4),
    parallelism: 1 + random.integer(3),
    completionMode: anyOf(random, ['Indexed', 'NonIndexed']),
    podReplacementPolicy: anyOf(random, ['TerminatingOrFailed', 'Failed']),
    backoffLimit: random.integer(4),
  };
}

function partition(random: Random) {
  return { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: random.integer(3) } } };
}

function ordinals(random: Random) {
  return { ordinals: { start: random.integer(3) } };
}

function retention(random: Random) {
  const policies = ['Retain', 'Delete'];
  return { persistentVolumeClaimRetentionPolicy: { whenScaled: anyOf(random, policies), whenDeleted: anyOf(random, policies) } };
}
