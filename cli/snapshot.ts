import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createClient, loadKubeconfig } from '../client/index.ts';
import {
  helpText,
  makePrivateDirectory,
  OptionError,
  type OptionTable,
  type OptionValues,
  option,
  parseOptions,
  UserError,
} from '../runtime/index.ts';
import { decodeSnapshot, encodeEtcdSnapshot, restoreLevelStore, type SnapshotSummary } from '../store/index.ts';
import { runCommand } from './command.ts';
import { formatOf, KEY_ENCODINGS, readSnapshot, summaryOf } from './snapshot-file.ts';

/** Where the API server serves snapshots. */
const SNAPSHOT_PATH = '/nanokube/v1/snapshot';
/** Longest silence of the server while it sends one. */
const SILENCE_MS_MAX = 60_000;
/** Only its owner may read a snapshot: the Secrets are in it. */
const FILE_MODE = 0o600;

const SAVE_OPTIONS = {
  'data-dir': option.string('The data directory of the cluster; its admin.kubeconfig is used.', '.nanokube', { placeholder: 'DIR' }),
  kubeconfig: option.string('Kubeconfig of a member of system:masters, instead of the one in the data directory.', undefined, {
    placeholder: 'FILE',
  }),
  format: option.string('Of the file: nanokube; or etcd, which etcdctl and etcdutl take too.', 'nanokube', { placeholder: 'FORMAT' }),
} satisfies OptionTable;

const STATUS_OPTIONS = {
  'write-out': option.string('How it is printed: simple or json.', 'simple', { placeholder: 'FORMAT' }),
} satisfies OptionTable;

export const BUMP_REVISION = option.integer(
  'How far above the last revision the new store begins: more than the old one can have gone on since, so that every watcher lists anew.',
  1_000_000_000,
  { min: 1, max: 1_000_000_000_000 },
);

const RESTORE_OPTIONS = {
  'data-dir': option.string('The data directory to make: not there yet, or empty.', undefined, { placeholder: 'DIR' }),
  'bump-revision': BUMP_REVISION,
  'key-encoding': option.string(
    'What the keys in a snapshot of etcd become: text, as the API server has them; or bytes, as "nanokube store" has them, which are the same unless a key is not ASCII.',
    'text',
    { placeholder: 'ENCODING' },
  ),
} satisfies OptionTable;

interface Subcommand {
  readonly about: string;
  readonly options: OptionTable;
  run(argv: readonly string[]): Promise<void>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  save: {
    about: 'Saves all objects of a running cluster, as of one revision, to a file.',
    options: SAVE_OPTIONS,
    run: (argv) => run(SAVE_OPTIONS, argv, save),
  },
  status: {
    about: 'Checks a snapshot, and says what it holds.',
    options: STATUS_OPTIONS,
    run: (argv) => run(STATUS_OPTIONS, argv, status),
  },
  restore: {
    about: 'Makes a new data directory from a snapshot. Certificates and keys are not in it: copy DIR/pki of the old cluster to keep them.',
    options: RESTORE_OPTIONS,
    run: (argv) => run(RESTORE_OPTIONS, argv, restore),
  },
};

/** `nanokube snapshot save|status|restore FILE`. */
export async function main([name, ...argv]: readonly string[]): Promise<void> {
  await runCommand(async () => {
    if (name === undefined || name === '--help' || name === '-h') {
      process.stdout.write(usage());
      return;
    }
    const command = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
    if (!command) throw new OptionError(`unknown command "snapshot ${name}"; "nanokube snapshot --help" lists the commands there are`);
    if (argv.some((argument) => argument === '--help' || argument === '-h')) {
      process.stdout.write(helpText(`nanokube snapshot ${name} FILE [OPTIONS]`, command.about, command.options));
      return;
    }
    await command.run(argv);
  });
}

function usage(): string {
  const rows = Object.entries(SUBCOMMANDS).map(([name, { about }]) => `  ${name.padEnd(10)}${about}`);
  return `Backup and restore.\n\nUsage: nanokube snapshot COMMAND FILE [OPTIONS]\n\nCommands:\n${rows.join('\n')}\n`;
}

async function run<T extends OptionTable>(
  table: T,
  argv: readonly string[],
  work: (file: string, values: OptionValues<T>) => Promise<void>,
): Promise<void> {
  const { values, positionals } = parseOptions(table, argv);
  const [file, stray] = positionals;
  if (file === undefined || file === '') throw new OptionError('the name of the snapshot file is missing');
  if (stray !== undefined) throw new OptionError(`one file is taken, and "${stray}" is too many`);
  await work(file, values);
}

/** Beside the file first: under its own name there is only ever a whole one. */
async function save(file: string, values: OptionValues<typeof SAVE_OPTIONS>): Promise<void> {
  const { format } = values;
  checkChoice('format', format, ['nanokube', 'etcd']);
  await checkReplaceable(file);
  const config = loadKubeconfig(values.kubeconfig ?? join(values['data-dir'], 'admin.kubeconfig'));
  const client = createClient({ ...config, userAgent: 'nanokube-snapshot' });
  const part = `${file}.part`;
  try {
    const chunks = await client.stream(SNAPSHOT_PATH, { idleMsMax: SILENCE_MS_MAX });
    const { keys, revision, sizeBytes } = format === 'etcd' ? await writeConverted(part, chunks) : await writeChecked(part, chunks);
    await rename(part, file);
    await syncDirectory(dirname(file));
    process.stdout.write(`saved ${keys} keys at revision ${revision} to ${file} (${sizeBytes} bytes)\n`);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await client.close();
  }
}

/** A device, or a directory, is not replaced by a file. */
async function checkReplaceable(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found && !found.isFile()) throw new UserError(`${file} is there already, and is not a file`);
}

type Saved = Pick<SnapshotSummary, 'keys' | 'revision' | 'sizeBytes'>;

const writeChecked = (path: string, chunks: AsyncIterable<Buffer>): Promise<Saved> =>
  writeFile(path, (handle) => summaryOf(decodeSnapshot(writing(path, handle, chunks))));

/** What comes from the server is checked, and put aside beside the file, before the first byte is written. */
async function writeConverted(path: string, chunks: AsyncIterable<Buffer>): Promise<Saved> {
  await using snapshot = await encodeEtcdSnapshot({ items: decodeSnapshot(chunks), directory: dirname(path) });
  return await writeFile(path, async (handle) => {
    for await (const chunk of snapshot.chunks()) await named(path, handle.writeFile(chunk));
    return { ...snapshot.summary, sizeBytes: snapshot.sizeBytes };
  });
}

async function writeFile(path: string, write: (handle: FileHandle) => Promise<Saved>): Promise<Saved> {
  const handle = await named(path, open(path, 'w', FILE_MODE));
  try {
    const saved = await write(handle);
    await named(path, handle.sync());
    return saved;
  } finally {
    await handle.close();
  }
}

/** The chunks, each once it is written. */
async function* writing(path: string, handle: FileHandle, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await named(path, handle.writeFile(chunk));
    yield chunk;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Errors of an open file do not say which it is. */
async function named<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}

async function status(file: string, { 'write-out': writeOut }: OptionValues<typeof STATUS_OPTIONS>): Promise<void> {
  checkChoice('write-out', writeOut, ['simple', 'json']);
  const format = await formatOf(file);
  const { revision, compactRevision, keys, leases, sizeBytes, digest } = await summaryOf(readSnapshot(file, { keys: 'bytes' }));
  const shown = { format, revision, compactRevision, keys, leases, sizeBytes, sha256: digest.toString('hex') };
  const lines = Object.entries(shown).map(([name, value]) => `${`${name}:`.padEnd(17)}${value}`);
  process.stdout.write(writeOut === 'json' ? `${JSON.stringify(shown)}\n` : `${lines.join('\n')}\n`);
}

async function restore(file: string, values: OptionValues<typeof RESTORE_OPTIONS>): Promise<void> {
  const { 'data-dir': directory, 'bump-revision': revisionBump, 'key-encoding': keys } = values;
  checkChoice('key-encoding', keys, KEY_ENCODINGS);
  if (directory === undefined || directory === '') throw new OptionError('option --data-dir is missing: it names the directory to make');
  // The whole file is read first: nothing is made of a damaged one.
  await summaryOf(readSnapshot(file, { keys }));
  await checkEmpty(directory);
  makePrivateDirectory(directory);
  const target = join(directory, 'store');
  const restored = await restoreLevelStore({ directory: target, items: readSnapshot(file, { keys }), revisionBump });
  const { revision, restoredRevision } = restored;
  process.stdout.write(
    `restored ${restored.keys} keys of revision ${revision} to ${directory}, which begins at revision ${restoredRevision}\n`,
  );
}

function checkChoice<T extends string>(name: string, value: string, choices: readonly T[]): asserts value is T {
  if (choices.some((choice) => choice === value)) return;
  throw new OptionError(`option --${name} takes ${choices.join(' or ')}, not "${value}"`);
}

/** @throws UserError when a directory has something in it. */
export async function checkEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length > 0) throw new UserError(`${directory} is not empty: it has ${names[0]}; give a directory that is not there yet`);
}
