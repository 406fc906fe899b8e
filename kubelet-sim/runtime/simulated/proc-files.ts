import type { ContainerSecurity } from '../cri.ts';
import { capabilityLines } from './capabilities.ts';
import type { SimulatedContainer } from './container.ts';
import { containerControlGroup, controlGroupPath } from './control-groups.ts';
import { livingDirectory, readOnlyFile } from './files/living-directory.ts';
import { type DirectoryNode, newDirectory, type TreeNode } from './files/tree.ts';
import type { ProcessInfo } from './program.ts';
import { USERS_OF_POD } from './sandbox.ts';

const KIB = 1024;
const CLOCK_TICKS = 100;
/** The kernel's dearest victims are containers of which nothing is said: those of best-effort pods. */
const BEST_EFFORT_SCORE = 1000;

/** A directory of a container whose entries are made each time somebody looks. */
const living = (container: SimulatedContainer, entries: () => Iterable<readonly [string, TreeNode]>): DirectoryNode =>
  livingDirectory(container.startedAt, entries);

const text = (content: string): TreeNode => readOnlyFile(content);

function directoryOf(files: Readonly<Record<string, string>>): DirectoryNode {
  const root = newDirectory(0, { mode: 0o555, readOnly: true });
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/');
    let at = root;
    for (const part of parts.slice(0, -1)) {
      const next = at.entries.get(part);
      const made = next?.type === 'directory' ? next : newDirectory(0, { mode: 0o555, readOnly: true });
      at.entries.set(part, made);
      at = made;
    }
    at.entries.set(parts.at(-1) ?? '', text(content));
  }
  return root;
}

/** `/proc`: the processes of the container's namespace, and what the kernel says of itself. */
export function procDirectory(container: SimulatedContainer): DirectoryNode {
  return living(container, () => [
    ...container.sandbox
      .processesOf(container)
      .map((process): [string, TreeNode] => [String(process.pid), processDirectory(container, process)]),
    ['self', { type: 'link', target: String(container.mainPid), mtime: 0 }],
    ['sys', directoryOf(sysctls(container))],
    ...Object.entries(kernelFiles(container)).map(([name, content]): [string, TreeNode] => [name, text(content)]),
  ]);
}

function kernelFiles(container: SimulatedContainer): Record<string, string> {
  const upSeconds = Math.max(0, (container.now() - container.sandbox.createdAt) / 1000).toFixed(2);
  const { memory } = container.usage();
  // What the node has: a container's limits do not show here.
  const { cpuMillis, memoryBytes } = container.sandbox.node.capacity;
  const free = Math.floor((memoryBytes - memory.usageBytes) / KIB);
  return {
    cpuinfo: Array.from(
      { length: Math.max(1, Math.floor(cpuMillis / 1000)) },
      (_, i) => `processor\t: ${i}\nmodel name\t: nanokube virtual CPU\ncpu MHz\t\t: 2500.000\n\n`,
    ).join(''),
    filesystems: 'nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\n\text4\n',
    loadavg: `0.00 0.00 0.00 1/${container.sandbox.processesOf(container).length} ${container.mainPid}\n`,
    meminfo: `MemTotal:       ${Math.floor(memoryBytes / KIB)} kB\nMemFree:        ${free} kB\nMemAvailable:   ${free} kB\nBuffers:              0 kB\nCached:               0 kB\nSwapTotal:            0 kB\nSwapFree:             0 kB\n`,
    mounts: mountLines(container).join(''),
    uptime: `${upSeconds} ${upSeconds}\n`,
    version: 'Linux version 6.8.0-nanokube (nanokube) #1 SMP\n',
  };
}

/** Lines of `/proc/mounts`. */
export function mountLines(container: SimulatedContainer): string[] {
  const access = container.config.security?.readOnlyRootFilesystem ? 'ro' : 'rw';
  const shown = container.config.mounts.filter(({ volume }) => !volume.device);
  const mounts = shown.map(({ containerPath, readOnly, volume }) => {
    const { medium = 'ext4', source = medium === 'tmpfs' ? 'tmpfs' : '/dev/sda1', mountOptions = [] } = volume;
    const options = [...new Set([readOnly || volume.files ? 'ro' : 'rw', 'relatime', ...mountOptions])];
    return `${source} ${containerPath} ${medium} ${options.join(',')} 0 0\n`;
  });
  return [
    `overlay / overlay ${access},relatime 0 0\n`,
    'proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n',
    'tmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755 0 0\n',
    'shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k 0 0\n',
    'sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime 0 0\n',
    'cgroup /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime 0 0\n',
    ...['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', container.config.terminationMessagePath].map(
      (path) => `/dev/sda1 ${path} ext4 rw,relatime 0 0\n`,
    ),
    ...mounts,
  ];
}

/** Kernel parameters: those of the pod, over a few that every kernel has. */
function sysctls({ sandbox }: SimulatedContainer): Record<string, string> {
  const all = {
    'kernel.hostname': sandbox.config.hostname,
    'kernel.osrelease': '6.8.0-nanokube',
    'kernel.shm_rmid_forced': '0',
    'net.core.somaxconn': '4096',
    'net.ipv4.ip_local_port_range': '32768\t60999',
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.tcp_keepalive_time': '7200',
    'vm.overcommit_memory': '1',
    'vm.swappiness': '60',
    ...sandbox.config.sysctls,
  };
  // A dot that is no separator, as in the name of an interface, is a slash in the parameter's.
  const pathOf = (name: string) => name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [pathOf(name), `${value}\n`]));
}

function processDirectory(container: SimulatedContainer, process: ProcessInfo): DirectoryNode {
  const made = living(container, () => {
    const { argv, pid, ppid, startedAt } = process;
    const ticks = Math.round(((startedAt - container.sandbox.createdAt) / 1000) * CLOCK_TICKS);
    const files: Record<string, string> = {
      // A container has a namespace of control groups of its own, but for a privileged one.
      cgroup: `0::${container.config.security?.privileged ? controlGroupPath(container) : '/'}\n`,
      cmdline: argv.map((word) => `${Buffer.from(word).toString('latin1')}\0`).join(''),
      comm: `${nameOf(argv)}\n`,
      limits:
        'Limit                     Soft Limit           Hard Limit           Units\nMax open files            1048576              1048576              files\n',
      mounts: mountLines(container).join(''),
      gid_map: idMap(container),
      oom_score_adj: `${container.resources.oomScoreAdj ?? BEST_EFFORT_SCORE}\n`,
      stat: `${pid} (${nameOf(argv)}) ${process.state === 'zombie' ? 'Z' : 'S'} ${ppid} ${pid} ${pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${ticks} 0 0\n`,
      status: statusText(container, process),
      uid_map: idMap(container),
    };
    const owner = container.sandbox.containers.find(({ id }) => id === process.containerId);
    return [
      ...Object.entries(files).map(([name, content]): [string, TreeNode] => [name, text(content)]),
      ['attr', directoryOf({ current: `${confinementOf(container)}\n` })],
      ['ns', namespaceLinks(container)],
      ...(owner ? [['root', rootOf(owner)] as const] : []),
    ];
  });
  made.uid = process.uid;
  return made;
}

/** The profile of AppArmor that containerd gives containers. */
export const RUNTIME_PROFILE = 'cri-containerd.apparmor.d';

/** The profile of AppArmor that a container's processes are held to, as `/proc/PID/attr/current` has it. */
function confinementOf({ config: { security } }: SimulatedContainer): string {
  const { appArmor, privileged } = security ?? {};
  if (appArmor?.type === 'Localhost') return `${appArmor.name} (enforce)`;
  return privileged || appArmor?.type === 'Unconfined' ? 'unconfined' : `${RUNTIME_PROFILE} (enforce)`;
}

/** `/proc/PID/uid_map`: users of a user namespace of its own, by those of the node. */
function idMap({ sandbox }: SimulatedContainer): string {
  const [host, count] = sandbox.firstUser === 0 ? [0, 2 ** 32 - 1] : [sandbox.firstUser, USERS_OF_POD];
  return `${[0, host, count].map((number) => String(number).padStart(10)).join(' ')}\n`;
}

/** `/proc/PID/ns`: which namespaces are whose, by numbers as the kernel has them. */
function namespaceLinks({ sandbox, id }: SimulatedContainer): DirectoryNode {
  const directory = newDirectory(0, { mode: 0o511, readOnly: true });
  const ofPod = (isNodes: boolean) => (isNodes ? 'node' : sandbox.id);
  const owners: Readonly<Record<string, string>> = {
    cgroup: id,
    ipc: ofPod(sandbox.config.namespaces?.ipc === 'node'),
    mnt: id,
    net: ofPod(sandbox.usesHostNetwork),
    pid: { node: 'node', pod: sandbox.id, container: id, target: id }[sandbox.config.namespaces?.pid ?? 'container'],
    user: ofPod(sandbox.firstUser === 0),
    uts: ofPod(sandbox.usesHostNetwork),
  };
  for (const [name, owner] of Object.entries(owners))
    directory.entries.set(name, { type: 'link', target: `${name}:[${NAMESPACE_NUMBERS + (hashOf(`${name}/${owner}`) % 1e6)}]`, mtime: 0 });
  return directory;
}

/** From where on the kernel numbers namespaces. */
const NAMESPACE_NUMBERS = 4_026_531_840;

function hashOf(text: string): number {
  let hash = 0;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return hash;
}

/** `/proc/PID/root`: the files that a process sees, which is how a debug container looks into its target. */
function rootOf(owner: SimulatedContainer): DirectoryNode {
  const directory = newDirectory(owner.startedAt, {
    readOnly: true,
    refresh: async () => {
      const view = (await owner.files()).view('/');
      await view.refresh?.();
      directory.entries.clear();
      for (const [name, node] of view.entries) directory.entries.set(name, node);
    },
  });
  return directory;
}

const nameOf = ([path = '']: readonly string[]): string => path.slice(path.lastIndexOf('/') + 1).slice(0, 15);

/** `/proc/PID/status`: names, users and capabilities. */
function statusText(container: SimulatedContainer, { argv, pid, ppid, uid, state }: ProcessInfo): string {
  const { gid, supplementalGroups } = container.user;
  const security: ContainerSecurity = container.config.security ?? {};
  const isConfined = security.seccomp !== undefined && security.seccomp !== 'Unconfined' && !security.privileged;
  const four = (id: number) => `${id}\t${id}\t${id}\t${id}`;
  const resident = Math.floor(container.usage().memory.rssBytes / KIB);
  return (
    `Name:\t${nameOf(argv)}\nUmask:\t0022\nState:\t${state === 'zombie' ? 'Z (zombie)' : 'S (sleeping)'}\nTgid:\t${pid}\nPid:\t${pid}\nPPid:\t${ppid}\n` +
    `Uid:\t${four(uid)}\nGid:\t${four(gid)}\nGroups:\t${supplementalGroups.join(' ')} \nVmRSS:\t${String(resident).padStart(8)} kB\nThreads:\t1\n` +
    `${capabilityLines(container)}NoNewPrivs:\t${security.noNewPrivileges ? 1 : 0}\nSeccomp:\t${isConfined ? 2 : 0}\n`
  );
}

/** `/sys`: the container's control group, its network device. */
export function systemDirectory(container: SimulatedContainer): DirectoryNode {
  return living(container, () => [
    ['fs', living(container, () => [['cgroup', containerControlGroup(container)]])],
    ['class', directoryOf({ 'net/eth0/address': '02:42:0a:f4:00:02\n' })],
  ]);
}
