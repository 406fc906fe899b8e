import type { ContainerSecurity, ContainerUser } from '../cri.ts';

/** Linux capabilities by their bit (capabilities(7)). */
const NAMES: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN ' +
  'NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME ' +
  'SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON ' +
  'BPF CHECKPOINT_RESTORE'
).split(' ');

/** What containerd gives a container that asks for nothing. */
const USUAL: readonly string[] =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'.split(' ');

interface Secured {
  readonly config: { readonly security?: ContainerSecurity | undefined };
  readonly user: ContainerUser;
}

/** The capabilities that a container's processes may ever have. */
function boundingSet({ config }: Secured): ReadonlySet<string> {
  const { privileged, capabilities } = config.security ?? {};
  if (privileged) return new Set(NAMES);
  const { add = [], drop = [] } = capabilities ?? {};
  const bare = (names: readonly string[]) => names.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const dropped = new Set(bare(drop));
  const added = bare(add);
  const base = dropped.has('ALL') ? [] : USUAL.filter((name) => !dropped.has(name));
  const more = added.includes('ALL') ? NAMES.filter((name) => !dropped.has(name)) : added;
  return new Set([...base, ...more]);
}

/** Whether its processes have a capability: only those of root have any in effect. */
export const hasCapability = (container: Secured, name: string): boolean => container.user.uid === 0 && boundingSet(container).has(name);

/** The lines of `/proc/PID/status` about capabilities, as hexadecimal masks. */
export function capabilityLines(container: Secured): string {
  const bounding = maskOf(boundingSet(container));
  const effective = container.user.uid === 0 ? bounding : maskOf(new Set());
  return `CapInh:\t${maskOf(new Set())}\nCapPrm:\t${effective}\nCapEff:\t${effective}\nCapBnd:\t${bounding}\nCapAmb:\t${maskOf(new Set())}\n`;
}

function maskOf(names: ReadonlySet<string>): string {
  let mask = 0n;
  for (const [bit, name] of NAMES.entries()) if (names.has(name)) mask |= 1n << BigInt(bit);
  return mask.toString(16).padStart(16, '0');
}
