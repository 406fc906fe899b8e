import type { FileStat } from '../../files/file-stat.ts';
import { FileError, normalizePath } from '../../files/tree.ts';
import { readOptions } from '../command-options.ts';
import { type CommandContext, type CommandFunction, complain } from '../shell-context.ts';
import { GoProgram } from './go-program.ts';

const NEW_CONTENT = 'mount-tester new file\n';
const RETRY_SECONDS_DEFAULT = 180;
const LOOP_MS = 2_000;
/** Numbers of file systems, as statfs(2) tells them. */
const FS_TYPES: Readonly<Record<string, string>> = { tmpfs: 'tmpfs', overlay: '2035054128', ext4: '61267' };

/** Modes that a file can be made with, in the order in which they are looked at. */
const NEW_FILES = ['0644', '0666', '0660', '0777'] as const;
const FLAGS: ReadonlySet<string> = new Set([
  ...NEW_FILES.map((mode) => `new_file_${mode}`),
  ...['fs_type', 'file_mode', 'file_perm', 'file_owner', 'file_content', 'file_content_in_loop', 'retry_time'],
]);
const BREAK_FLAG = 'break_on_expected_content';

/**
 * `agnhost mounttest`: makes files and tells of file systems, owners, modes and contents, in this order whatever that of its flags.
 * Upstream: `test/images/agnhost/mounttest`.
 */
export const mounttest: CommandFunction = (context) => Promise.race([tell(context), new GoProgram(context).run()]);

async function tell(context: CommandContext): Promise<number> {
  const { values } = readOptions(context.args, FLAGS);
  const unknown = [...values.keys()].find((name) => !FLAGS.has(name) && name !== BREAK_FLAG);
  if (unknown !== undefined) return await complain(context, `Error: unknown flag: --${unknown}`);
  const steps: readonly (readonly [string, Step])[] = [
    ['fs_type', fsType],
    ...NEW_FILES.map((mode) => [`new_file_${mode}`, newFile(Number.parseInt(mode, 8))] as const),
    ['file_mode', fileMode],
    ['file_perm', filePerm],
    ['file_owner', fileOwner],
    ['file_content', fileContent],
    ['file_content_in_loop', contentInLoop(values)],
  ];
  let isWrong = false;
  for (const [flag, step] of steps) {
    const path = values.get(flag);
    if (path) isWrong = !(await step(path, context)) || isWrong;
  }
  return isWrong ? 1 : 0;
}

/** Tells of one path; answers whether all went well. */
type Step = (path: string, context: CommandContext) => Promise<boolean>;

/** What Go prints of an error. */
const goReason = (error: unknown): string => {
  if (!(error instanceof FileError)) throw error;
  return error.reason.toLowerCase();
};

/** A step that asks one thing of a path, by a call that errors name. */
const telling =
  (call: string, work: (path: string, context: CommandContext) => Promise<string>): Step =>
  async (path, context) => {
    try {
      await context.stdout.write(await work(path, context));
      return true;
    } catch (error) {
      const hasPath = call === 'Stat' ? `stat ${path}: ` : '';
      await context.stdout.write(`error from ${call}(${quoted(path)}): ${hasPath}${goReason(error)}\n`);
      return false;
    }
  };

const quoted = (text: string): string => JSON.stringify(text);

const filesAt = async (path: string, { host, state }: CommandContext) => ({
  files: await host.files(),
  full: normalizePath(path, state.cwd),
});

const statAt = async (path: string, context: CommandContext): Promise<FileStat> => {
  const { files, full } = await filesAt(path, context);
  return await files.stat(full);
};

const fsType = telling('statfs', async (path, context) => {
  const { files, full } = await filesAt(path, context);
  await files.stat(full);
  const mount = await files.mountOf(full);
  return `mount type of ${quoted(path)}: ${FS_TYPES[mount ? (mount.medium ?? 'ext4') : 'overlay'] ?? FS_TYPES.ext4}\n`;
});

const fileMode = telling('Stat', async (path, context) => `mode of file ${quoted(path)}: ${goMode(await statAt(path, context))}\n`);

const filePerm = telling('Stat', async (path, context) => {
  const { mode } = await statAt(path, context);
  return `perms of file ${quoted(path)}: -${permText(mode)}\n`;
});

const fileOwner = telling('stat', async (path, context) => {
  const { uid, gid } = await statAt(path, context);
  return `owner UID of ${quoted(path)}: ${uid}\nowner GID of ${quoted(path)}: ${gid}\n`;
});

const permText = (mode: number): string => [...'rwxrwxrwx'].map((letter, i) => (mode & (0o400 >> i) ? letter : '-')).join('');

/** A mode as Go's `os.FileMode` prints it: all special bits before the nine of everybody. */
function goMode({ type, device, mode }: FileStat): string {
  const special =
    (type === 'directory' ? 'd' : '') +
    (type === 'link' ? 'L' : '') +
    (device === 'block' || device === 'char' ? 'D' : '') +
    (device === 'socket' ? 'S' : '') +
    (mode & 0o4000 ? 'u' : '') +
    (mode & 0o2000 ? 'g' : '') +
    (device === 'char' ? 'c' : '') +
    (mode & 0o1000 ? 't' : '');
  return (special || '-') + permText(mode);
}

/** @throws FileError */
const read = async (path: string, context: CommandContext): Promise<string> => {
  const { files, full } = await filesAt(path, context);
  return (await files.readFile(full)).toString('latin1');
};

const openError = (path: string, error: unknown): string => {
  const isDirectory = error instanceof FileError && error.code === 'EISDIR';
  return `${isDirectory ? 'read' : 'open'} ${path}: ${goReason(error)}`;
};

const fileContent: Step = async (path, context) => {
  try {
    await context.stdout.write(`content of file ${quoted(path)}: ${await read(path, context)}\n`);
    return true;
  } catch (error) {
    await context.stdout.write(`error reading file content for ${quoted(path)}: ${openError(path, error)}\n`);
    return false;
  }
};

const newFile =
  (mode: number): Step =>
  async (path, context) => {
    try {
      const { files, full } = await filesAt(path, context);
      await files.writeFile(full, Buffer.from(NEW_CONTENT), { mode });
    } catch (error) {
      await context.stdout.write(`error writing new file ${quoted(path)}: open ${path}: ${goReason(error)}\n`);
      return false;
    }
    return await fileContent(path, context);
  };

/** Reads a file again and again, until it holds what is expected, or for a while. */
const contentInLoop =
  (values: ReadonlyMap<string, string>): Step =>
  async (path, context) => {
    const { host, stdout } = context;
    const breaks = values.get(BREAK_FLAG) !== 'false';
    const { clock } = host.process;
    const end = clock.monotonic() + Number(values.get('retry_time') ?? RETRY_SECONDS_DEFAULT) * 1000;
    let isRead = true;
    for (; clock.monotonic() < end; await host.sleep(LOOP_MS)) {
      try {
        const content = await read(path, context);
        isRead = true;
        await stdout.write(`content of file ${quoted(path)}: ${content}\n`);
        if (breaks && content === NEW_CONTENT) break;
        if (breaks) await stdout.write(`Unexpected content. Expected: ${NEW_CONTENT}. Retrying`);
      } catch (error) {
        isRead = false;
        await stdout.write(`Error reading file ${path}: ${openError(path, error)}, retrying\n`);
      }
    }
    return isRead;
  };
