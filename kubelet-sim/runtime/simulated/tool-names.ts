import type { ImageFacts } from './image-catalog.ts';

/** Programs of a usual image: those of our shell and those that the tool box brings. Plain data, so that asking loads neither. */
export const TOOL_NAMES: ReadonlySet<string> = new Set(
  (
    'sh bash ash dash echo printf cat sleep true false test [ env printenv pwd date hostname seq shuf touch mkdir rm rmdir ls ps kill id whoami uname ' +
    'nproc wget curl nc nslookup timeout yes tee exec xargs perl expr basename dirname sync stat cp mv ln chmod chown readlink head tail wc grep ' +
    'fgrep egrep sed awk sort uniq comm cut paste tr rev nl fold expand unexpand strings split column join find tree du time jq base64 diff ' +
    'md5sum sha1sum sha256sum file which tac od gzip gunzip zcat tar clear mktemp realpath nohup dd df free top mount ' +
    'netcat httpd getent dig host ping ip ifconfig netstat chgrp uptime chroot tty umount mountpoint losetup blockdev mkfs mkfs.ext4 mkfs.xfs nsenter mknod hexdump stty sysctl nmeter pidof apparmor_parser'
  ).split(' '),
);

/** Package managers, by the distributions that have them. */
const MANAGERS: Readonly<Record<string, readonly string[]>> = {
  'apt-get': ['debian', 'ubuntu'],
  apt: ['debian', 'ubuntu'],
  apk: ['alpine'],
  yum: ['centos', 'fedora', 'oracle', 'rocky'],
  dnf: ['fedora', 'oracle', 'rocky'],
  microdnf: ['oracle'],
};

/** Whether an image of a distribution has a program of this name: one of its own is not asked for. */
export const hasTool = (name: string, base: string): boolean => TOOL_NAMES.has(name) || (MANAGERS[name]?.includes(base) ?? false);

const SYSTEM_PATH = /^\/(?:usr\/(?:local\/)?)?s?bin\//;

/** The name of a tool, whether it is called by name or by its usual path. */
export const bareName = (name: string): string => name.replace(SYSTEM_PATH, '');

/** Whether a container of this image has a program of this name that is not a file of the user's. */
export function isTool(name: string, image: ImageFacts): boolean {
  const bare = bareName(name);
  return hasTool(bare, image.base) || image.ownTools.includes(bare) || Object.hasOwn(image.clients, bare) || image.binaries.includes(bare);
}

const BINARY = Buffer.from('\x7fELF', 'latin1');

/** What the file of a tool holds: a copy of it is the tool too. */
export const toolContent = (name: string): Uint8Array => Buffer.concat([BINARY, Buffer.from(name)]);

/** The name of the tool whose file this is. */
export function toolOf(content: Uint8Array): string | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const name = bytes.indexOf(BINARY) === 0 ? bytes.toString('latin1', BINARY.length) : '';
  return TOOL_NAMES.has(name) ? name : undefined;
}
