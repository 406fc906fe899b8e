import type { ControlGroup } from '../control-group.ts';
import type { SimulatedContainer } from './container.ts';
import { livingDirectory, readOnlyFile } from './files/living-directory.ts';
import type { DirectoryNode, TreeNode } from './files/tree.ts';
import type { Sandbox, SimulatedNode } from './sandbox.ts';

const ROOT = '/kubepods.slice';
const BURSTABLE = `${ROOT}/kubepods-burstable.slice`;
const BEST_EFFORT = `${ROOT}/kubepods-besteffort.slice`;
/** What a pod is in that says nothing of its group. */
const NO_GROUP: ControlGroup = { path: '', cpuRequestMillis: 0 };
const CONTROLLERS = 'cpuset cpu io memory hugetlb pids rdma misc\n';
const PERIOD_USEC = 100_000;
/** No group is given less of a period. Upstream: `MinQuotaPeriod`, `pkg/kubelet/cm/helpers_linux.go`. */
const QUOTA_USEC_MIN = 1000;
/** Memory of a pause process. */
const PAUSE_BYTES = 262_144;

/** What is used in a group, with all that is below it. */
interface Use {
  readonly cpuNanoSeconds: number;
  readonly memoryBytes: number;
  /** Processes, as whoever looks knows them. */
  readonly pids: readonly number[];
}

/** What a group may use; what is absent is not limited. */
type Limits = Omit<ControlGroup, 'path'>;

const usesOf = (uses: readonly Use[]): Use => ({
  cpuNanoSeconds: uses.reduce((sum, { cpuNanoSeconds }) => sum + cpuNanoSeconds, 0),
  memoryBytes: uses.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  pids: uses.flatMap(({ pids }) => pids),
});

/** A processor's shares, and their weight (`getCPUWeight`, `pkg/kubelet/cm/cgroup_manager_linux.go`; runc's is the same). */
function weightOf(millis: number): number {
  const shares = Math.min(262_144, Math.max(2, Math.floor((millis * 1024) / 1000)));
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/** The files of a group, version 2. @param isLeaf whether processes are in it, and not in groups below it */
function filesOf({ cpuNanoSeconds, memoryBytes, pids }: Use, limits: Limits, isLeaf: boolean): Record<string, string> {
  const { cpuRequestMillis, cpuLimitMillis, memoryLimitBytes } = limits;
  const cpuUsec = Math.round(cpuNanoSeconds / 1000);
  return {
    'cgroup.controllers': CONTROLLERS,
    'cgroup.events': `populated ${pids.length > 0 ? 1 : 0}\nfrozen 0\n`,
    'cgroup.procs': isLeaf ? pids.map((pid) => `${pid}\n`).join('') : '',
    'cgroup.subtree_control': isLeaf ? '' : CONTROLLERS,
    'cgroup.type': 'domain\n',
    'cpu.max': `${cpuLimitMillis ? Math.max((cpuLimitMillis * PERIOD_USEC) / 1000, QUOTA_USEC_MIN) : 'max'} ${PERIOD_USEC}\n`,
    'cpu.stat': `usage_usec ${cpuUsec}\nuser_usec ${cpuUsec}\nsystem_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n`,
    'cpu.weight': `${weightOf(cpuRequestMillis)}\n`,
    'memory.current': `${memoryBytes}\n`,
    'memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n',
    'memory.high': 'max\n',
    'memory.low': '0\n',
    'memory.max': `${memoryLimitBytes || 'max'}\n`,
    'memory.min': '0\n',
    'memory.oom.group': `${isLeaf ? 1 : 0}\n`,
    'memory.stat': `anon ${memoryBytes}\nfile 0\nkernel 0\ninactive_file 0\nactive_file 0\n`,
    'memory.swap.current': '0\n',
    'memory.swap.max': `${isLeaf ? 0 : 'max'}\n`,
    'pids.current': `${pids.length}\n`,
    'pids.max': 'max\n',
  };
}

const asEntries = (files: Readonly<Record<string, string>>): [string, TreeNode][] =>
  Object.entries(files).map(([name, content]) => [name, readOnlyFile(content)]);

function useOf(container: SimulatedContainer, pids: readonly number[]): Use {
  const { cpu, memory } = container.usage();
  return { cpuNanoSeconds: cpu.usageCoreNanoSeconds, memoryBytes: memory.usageBytes, pids };
}

const limitsOf = ({ resources }: SimulatedContainer): Limits => ({
  cpuRequestMillis: resources.cpuRequestMillis ?? 0,
  cpuLimitMillis: resources.cpuLimitMillis,
  memoryLimitBytes: resources.memoryLimitBytes,
});

const groupOf = ({ config }: Sandbox): ControlGroup => config.resources?.controlGroup ?? NO_GROUP;

/** The group of a pod: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice`. */
const pathOf = (sandbox: Sandbox): string =>
  groupOf(sandbox).path || `${BEST_EFFORT}/kubepods-besteffort-pod${sandbox.config.uid.replaceAll('-', '_')}.slice`;

/** The path of a container's group from the root of all. */
export const controlGroupPath = (container: SimulatedContainer): string =>
  `${pathOf(container.sandbox)}/cri-containerd-${container.id}.scope`;

/** `/sys/fs/cgroup` as a container sees it: its own group is the root of all there is; a privileged one sees the node's. */
export function containerControlGroup(container: SimulatedContainer): DirectoryNode {
  if (container.config.security?.privileged) return nodeControlGroups(container.sandbox.node);
  return livingDirectory(container.startedAt, () => {
    const pids = container.sandbox.processesOf(container).map(({ pid }) => pid);
    return asEntries(filesOf(useOf(container, pids), limitsOf(container), true));
  });
}

/**
 * `/sys/fs/cgroup` of a node, with the names that systemd's driver gives (`pkg/kubelet/cm/cgroup_manager_linux.go`):
 *
 * ```
 * kubepods.slice
 *   kubepods-besteffort.slice/kubepods-besteffort-podUID.slice/cri-containerd-ID.scope
 *   kubepods-burstable.slice/…
 *   kubepods-podUID.slice/…                  guaranteed pods
 * ```
 */
export function nodeControlGroups(node: SimulatedNode): DirectoryNode {
  return livingDirectory(0, () => [
    ...asEntries({ 'cgroup.controllers': CONTROLLERS, 'cgroup.procs': '', 'cgroup.subtree_control': CONTROLLERS }),
    ['kubepods.slice', slice(node, ROOT)],
  ]);
}

/** A slice of a node, with the pods that are in it and the slices below. */
function slice(node: SimulatedNode, path: string): DirectoryNode {
  return livingDirectory(0, () => {
    const ready = [...node.sandboxes()].filter(({ isReady }) => isReady);
    const inside = ready.filter((sandbox) => pathOf(sandbox).startsWith(`${path}/`));
    const own = inside.filter((sandbox) => parentOf(pathOf(sandbox)) === path);
    const below = path === ROOT ? [BEST_EFFORT, BURSTABLE] : [];
    return [
      ...asEntries(filesOf(usesOf(inside.flatMap(usesIn)), sliceLimits(node, path, inside), false)),
      ...below.map((child): [string, TreeNode] => [nameOf(child), slice(node, child)]),
      ...own.map((sandbox): [string, TreeNode] => [nameOf(pathOf(sandbox)), podSlice(sandbox)]),
    ];
  });
}

/** What a class of pods may use: burstable ones weigh what they ask for (`pkg/kubelet/cm/qos_container_manager_linux.go`). */
function sliceLimits({ capacity }: SimulatedNode, path: string, inside: readonly Sandbox[]): Limits {
  if (path === ROOT) return { cpuRequestMillis: capacity.cpuMillis, memoryLimitBytes: capacity.memoryBytes };
  if (path !== BURSTABLE) return { cpuRequestMillis: 0 };
  return { cpuRequestMillis: inside.reduce((sum, sandbox) => sum + groupOf(sandbox).cpuRequestMillis, 0) };
}

function podSlice(sandbox: Sandbox): DirectoryNode {
  return livingDirectory(sandbox.createdAt, () => [
    ...asEntries(filesOf(usesOf(usesIn(sandbox)), groupOf(sandbox), false)),
    [`cri-containerd-${sandbox.id}.scope`, livingDirectory(sandbox.createdAt, () => asEntries(filesOf(pauseUse(sandbox), PAUSE, true)))],
    ...sandbox.containers
      .filter(({ isRunning }) => isRunning)
      .map((container): [string, TreeNode] => [`cri-containerd-${container.id}.scope`, scope(container)]),
  ]);
}

const PAUSE: Limits = { cpuRequestMillis: 0 };

function scope(container: SimulatedContainer): DirectoryNode {
  return livingDirectory(container.startedAt, () => asEntries(filesOf(useOf(container, pidsOf(container)), limitsOf(container), true)));
}

const pauseUse = (sandbox: Sandbox): Use => ({ cpuNanoSeconds: 0, memoryBytes: PAUSE_BYTES, pids: pidsIn(sandbox, '') });

const usesIn = (sandbox: Sandbox): Use[] => [
  pauseUse(sandbox),
  ...sandbox.containers.filter(({ isRunning }) => isRunning).map((container) => useOf(container, pidsOf(container))),
];

const pidsIn = (sandbox: Sandbox, id: string): number[] =>
  sandbox
    .nodeProcesses()
    .filter(({ containerId }) => containerId === id)
    .map(({ pid }) => pid);
const pidsOf = ({ sandbox, id }: SimulatedContainer): number[] => pidsIn(sandbox, id);

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
