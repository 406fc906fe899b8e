import type { ContainerFiles } from '../files/container-files.ts';
import type { FileStat } from '../files/file-stat.ts';
import { FileError, normalizePath } from '../files/tree.ts';
import { groupsOf, usersOf } from './account-names.ts';
import { readOptions } from './command-options.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';
import { sizeText } from './size-text.ts';

const TYPE_LETTERS = { directory: 'd', link: 'l', file: '-', socket: 's', char: 'c', block: 'b' } as const;
const TYPE_NAMES = {
  directory: 'directory',
  link: 'symbolic link',
  file: 'regular file',
  socket: 'socket',
  char: 'character special file',
  block: 'block special file',
} as const;

/** A file as `ls -l` writes its mode. */
function modeText({ type, mode, device }: FileStat): string {
  const bits = [0o400, 0o200, 0o100, 0o40, 0o20, 0o10, 0o4, 0o2, 0o1].map((bit, i) => (mode & bit ? 'rwx'.charAt(i % 3) : '-'));
  if (mode & 0o2000) bits[5] = mode & 0o10 ? 's' : 'S';
  if (mode & 0o1000) bits[8] = mode & 0o1 ? 't' : 'T';
  return `${TYPE_LETTERS[device ?? type]}${bits.join('')}`;
}

interface Listed {
  readonly name: string;
  readonly path: string;
  readonly stat: FileStat;
}

/** `ls`, with `-a`, `-A`, `-l`, `-n`, `-d`, `-1`, `-R`, `-h`. */
const ls: CommandFunction = async (context) => {
  const { values: flags, operands } = readOptions(context.args, new Set());
  const { single, directories, missing } = await sortOperands(context, operands.length > 0 ? operands : ['.'], flags);
  let status = missing ? 1 : 0;
  if (single.length > 0) await writeListing(context, single, flags);
  const hasHeads = operands.length > 1 || flags.has('R');
  for (const [i, directory] of directories.entries()) {
    if (hasHeads) await context.stdout.write(`${i > 0 || single.length > 0 ? '\n' : ''}${directory.name}:\n`);
    status = (await listDirectory(context, directory, { flags, directories })) || status;
  }
  return status;
};

/** Directories are listed, all else is shown itself. */
async function sortOperands(
  context: CommandContext,
  names: readonly string[],
  flags: ReadonlyMap<string, string>,
): Promise<{ single: Listed[]; directories: Listed[]; missing: boolean }> {
  const files = await context.host.files();
  const single: Listed[] = [];
  const directories: Listed[] = [];
  let missing = false;
  for (const name of names) {
    const path = normalizePath(name, context.state.cwd);
    const isItself = (flags.has('l') || flags.has('d')) && !name.endsWith('/');
    try {
      const stat = await (isItself ? files.lstat(path) : files.stat(path));
      (stat.type === 'directory' && !flags.has('d') ? directories : single).push({ name, path, stat });
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      missing = true;
      await complain(context, `ls: ${name}: ${error.reason}`);
    }
  }
  return { single, directories, missing };
}

async function listDirectory(
  context: CommandContext,
  { name, path }: Listed,
  { flags, directories }: { flags: ReadonlyMap<string, string>; directories: Listed[] },
): Promise<number> {
  const files = await context.host.files();
  let names: string[];
  try {
    names = await files.readdir(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `ls: can't open '${name}': ${error.reason}`);
  }
  const shown = names.filter((entry) => flags.has('a') || flags.has('A') || !entry.startsWith('.'));
  const entries = await Promise.all(
    shown.map(async (entry) => ({
      name: entry,
      path: normalizePath(`${path}/${entry}`),
      stat: await files.lstat(normalizePath(`${path}/${entry}`)),
    })),
  );
  const own = await files.stat(path);
  const dots = flags.has('a') ? ['.', '..'].map((dot) => ({ name: dot, path, stat: own })) : [];
  if (flags.has('l')) await context.stdout.write(`total ${entries.length * 4}\n`);
  await writeListing(context, [...dots, ...entries], flags);
  if (flags.has('R'))
    directories.push(
      ...entries.filter(({ stat }) => stat.type === 'directory').map((entry) => ({ ...entry, name: `${name}/${entry.name}` })),
    );
  return 0;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

async function writeListing(context: CommandContext, entries: readonly Listed[], flags: ReadonlyMap<string, string>): Promise<void> {
  if (!flags.has('l') && !flags.has('n')) return await context.stdout.write(entries.map(({ name }) => `${name}\n`).join(''));
  const files = await context.host.files();
  const [users, groups] = flags.has('n')
    ? [new Map<number, string>(), new Map<number, string>()]
    : [await usersOf(context), await groupsOf(context)];
  for (const { name, path, stat } of entries) {
    const target = stat.type === 'link' ? ` -> ${await files.readlink(path)}` : '';
    const date = new Date(stat.mtime);
    const when = `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 16)}`;
    const user = (users.get(stat.uid) ?? String(stat.uid)).padEnd(8);
    const group = (groups.get(stat.gid) ?? String(stat.gid)).padEnd(8);
    await context.stdout.write(
      `${modeText(stat)} ${stat.type === 'directory' ? '    2' : '    1'} ${user} ${group} ${sizeText(stat.size, flags.has('h')).padStart(9)} ${when} ${name}${target}\n`,
    );
  }
}

/** `stat [-c FORMAT]` */
const stat: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, new Set(['c', 'format']));
  const files = await context.host.files();
  const [users, groups] = await Promise.all([usersOf(context), groupsOf(context)]);
  for (const name of operands) {
    const path = normalizePath(name, context.state.cwd);
    const found = values.has('L') ? await files.stat(path) : await files.lstat(path);
    const mode = (found.mode & 0o7777).toString(8);
    const words: Readonly<Record<string, string>> = {
      a: mode,
      A: modeText(found),
      F: TYPE_NAMES[found.device ?? found.type],
      g: String(found.gid),
      G: groups.get(found.gid) ?? 'UNKNOWN',
      n: name,
      s: String(found.size),
      u: String(found.uid),
      U: users.get(found.uid) ?? 'UNKNOWN',
      Y: String(Math.floor(found.mtime / 1000)),
    };
    const format = values.get('c') ?? values.get('format') ?? '  File: %n\n  Size: %s\t%F\nAccess: (%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)';
    await context.stdout.write(`${format.replace(/%(\w)/g, (whole, letter: string) => words[letter] ?? whole)}\n`);
  }
  return 0;
};

/** `chmod MODE FILE…`, in numbers or as `u+x,g-w`. */
const chmod: CommandFunction = async (context) => {
  const recursive = /^-\w*R/.test(context.args[0] ?? '');
  const [mode = '', ...names] = recursive ? context.args.slice(1) : context.args;
  return await forEachPath(context, names, recursive, async (files, path) => {
    const before = (await files.stat(path)).mode;
    await files.chmod(path, /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : changedMode(before, mode));
  });
};

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o007, a: 0o7777 };
const WHAT: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, X: 0o111, s: 0o6000, t: 0o1000 };

function changedMode(before: number, text: string): number {
  let mode = before;
  for (const clause of text.split(',')) {
    const [, who = '', operator = '', what = ''] = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause) ?? [];
    const mask = [...(who || 'a')].reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0) | (what.includes('t') ? 0o1000 : 0);
    const bits = [...what].reduce((all, letter) => all | (WHAT[letter] ?? 0), 0) & mask;
    mode = operator === '+' ? mode | bits : operator === '-' ? mode & ~bits : (mode & ~(mask & 0o777)) | bits;
  }
  return mode;
}

/** `chown USER[:GROUP] FILE…`, `chgrp GROUP FILE…` */
const chown =
  (isGroup: boolean): CommandFunction =>
  async (context) => {
    const recursive = /^-\w*R/.test(context.args[0] ?? '');
    const [owner = '', ...names] = recursive ? context.args.slice(1) : context.args;
    const [user = '', group = ''] = isGroup ? ['', owner] : owner.split(/[:.]/);
    const [users, groups] = await Promise.all([usersOf(context), groupsOf(context)]);
    const number = (name: string, known: ReadonlyMap<number, string>) =>
      name === '' ? undefined : /^\d+$/.test(name) ? Number(name) : [...known].find(([, one]) => one === name)?.[0];
    const uid = number(user, users);
    const gid = number(group, groups);
    if (user !== '' && uid === undefined) return await complain(context, `chown: unknown user ${user}`);
    return await forEachPath(context, names, recursive, (files, path) => files.chown(path, { uid, gid }));
  };

async function forEachPath(
  context: CommandContext,
  names: readonly string[],
  recursive: boolean,
  work: (files: ContainerFiles, path: string) => Promise<void>,
): Promise<number> {
  const files = await context.host.files();
  let status = 0;
  const visit = async (path: string, name: string): Promise<void> => {
    try {
      await work(files, path);
      if (!recursive || (await files.lstat(path)).type !== 'directory') return;
      for (const entry of await files.readdir(path)) await visit(normalizePath(`${path}/${entry}`), `${name}/${entry}`);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      status = await complain(context, `${context.host.process.argv[0] ?? ''}: ${name}: ${error.reason}`);
    }
  };
  for (const name of names) await visit(normalizePath(name, context.state.cwd), name);
  return status;
}

/** `mknod PATH TYPE [MAJOR MINOR]`: a device (`b`, `c`). */
const mknod: CommandFunction = async (context) => {
  const { operands } = readOptions(context.args, new Set(['m']));
  const [name = '', letter = ''] = operands;
  const device = letter === 'b' ? 'block' : letter === 'c' || letter === 'u' ? 'char' : undefined;
  if (!device) return await complain(context, 'BusyBox multi-call binary.\n\nUsage: mknod [-m MODE] NAME TYPE [MAJOR MINOR]');
  try {
    await (await context.host.files()).mknod(normalizePath(name, context.state.cwd), device);
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `mknod: ${name}: ${error.reason}`);
  }
};

/** `readlink [-f] PATH…`: what a link says, or where a path leads. */
const readlink: CommandFunction = async ({ args, host, state, stdout }) => {
  const { values, operands } = readOptions(args, new Set());
  const files = await host.files();
  let status = 0;
  for (const name of operands) {
    const path = normalizePath(name, state.cwd);
    const target = await (values.has('f') ? files.realpath(path) : files.readlink(path)).catch(() => undefined);
    if (target === undefined) status = 1;
    else await stdout.write(`${target}${values.has('n') ? '' : '\n'}`);
  }
  return status;
};

/** Tools that look at files' facts, and change them. */
export const FILE_TOOLS: readonly [string, CommandFunction][] = [
  ['ls', ls],
  ['stat', stat],
  ['mknod', mknod],
  ['readlink', readlink],
  ['chmod', chmod],
  ['chown', chown(false)],
  ['chgrp', chown(true)],
];
