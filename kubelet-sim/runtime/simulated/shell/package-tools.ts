import { TOOL_NAMES } from '../tool-names.ts';
import { type CommandFunction, complain } from './shell-context.ts';

/**
 * Package managers. What a usual package brings is in the image already, so that installing it is done at once; other packages there are not:
 * no registry of them can be reached.
 */

/** Packages whose programs have other names. */
const PACKAGES: ReadonlySet<string> = new Set(
  (
    'procps procps-ng iputils-ping iputils inetutils-ping dnsutils bind9-dnsutils bind9-host bind-utils bind-tools net-tools iproute2 iproute ' +
    'netcat-openbsd netcat-traditional nmap-ncat coreutils util-linux bsdmainutils bsdextrautils findutils diffutils ca-certificates ' +
    'apt-transport-https busybox busybox-extras gnupg lsb-release mount libc-bin hostname gawk'
  ).split(' '),
);

const isThere = (name: string): boolean => PACKAGES.has(name) || TOOL_NAMES.has(name);

/** The words behind a subcommand, without options and versions. */
const packagesIn = (args: readonly string[]): readonly string[] =>
  args
    .slice(1)
    .filter((arg) => !arg.startsWith('-'))
    .map((arg) => arg.replace(/[=<>~].*$/, ''));

/** The first word that is no option: what is to be done. */
const actionOf = (args: readonly string[]): readonly string[] =>
  args.slice(
    Math.max(
      args.findIndex((arg) => !arg.startsWith('-')),
      0,
    ),
  );

/** `apt-get update`, `apt-get install -y curl` (apt-get(8)) */
const apt: CommandFunction = async (context) => {
  const [action = '', ...rest] = actionOf(context.args);
  const steps = 'Reading package lists... Done\n';
  if (action !== 'install' && action !== 'reinstall') {
    await context.stdout.write(action === 'clean' || action === 'autoclean' ? '' : steps);
    return 0;
  }
  const wanted = packagesIn([action, ...rest]);
  await context.stdout.write(`${steps}Building dependency tree... Done\nReading state information... Done\n`);
  const missing = wanted.filter((name) => !isThere(name));
  if (missing.length > 0) return await complain(context, missing.map((name) => `E: Unable to locate package ${name}`).join('\n'), 100);
  const lines = wanted.map((name) => `${name} is already the newest version.\n`).join('');
  await context.stdout.write(`${lines}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n`);
  return 0;
};

/** `apk add --no-cache curl` (apk-add(8)) */
const apk: CommandFunction = async (context) => {
  const [action = '', ...rest] = actionOf(context.args);
  const missing = action === 'add' ? packagesIn([action, ...rest]).filter((name) => !isThere(name)) : [];
  if (missing.length > 0) {
    const lines = missing.map((name) => `  ${name} (no such package):\n    required by: world[${name}]`);
    return await complain(context, `ERROR: unable to select packages:\n${lines.join('\n')}`, missing.length);
  }
  await context.stdout.write(action === 'update' ? 'OK: 0 distinct packages available\n' : 'OK: 8 MiB in 16 packages\n');
  return 0;
};

/** `yum install -y curl`, and dnf */
const yum: CommandFunction = async (context) => {
  const [action = '', ...rest] = actionOf(context.args);
  if (action !== 'install') return 0;
  const wanted = packagesIn([action, ...rest]);
  const missing = wanted.filter((name) => !isThere(name));
  if (missing.length > 0) {
    const lines = missing.map((name) => `No match for argument: ${name}`);
    return await complain(context, `${lines.join('\n')}\nError: Unable to find a match: ${missing.join(' ')}`, 1);
  }
  const lines = wanted.map((name) => `Package ${name} is already installed.\n`).join('');
  await context.stdout.write(`${lines}Dependencies resolved.\nNothing to do.\nComplete!\n`);
  return 0;
};

export const PACKAGE_TOOLS: readonly [string, CommandFunction][] = [
  ['apt-get', apt],
  ['apt', apt],
  ['apk', apk],
  ['yum', yum],
  ['dnf', yum],
  ['microdnf', yum],
];
