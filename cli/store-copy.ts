/** `nanokube store copy`: moves a cluster's store between LevelDB directories and etcd clusters. */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  helpText,
  makePrivateDirectory,
  OptionError,
  type OptionTable,
  type OptionValues,
  option,
  parseOptions,
  systemClock,
  UserError,
} from '../runtime/index.ts';
import {
  copyInto,
  decodeSnapshot,
  type Fingerprint,
  FingerprintTaker,
  fingerprintOf,
  openEtcdStore,
  openLevelStore,
  prefixRange,
  restoreLevelStore,
  type SnapshotItem,
  type Store,
  withPrefix,
} from '../store/index.ts';
import { runCommand } from './command.ts';
import { BUMP_REVISION, checkEmpty } from './snapshot.ts';

const PROGRESS_MS = 1000;
/** Keys between two looks at the clock. */
const PROGRESS_KEYS = 100;

const OPTIONS = {
  from: option.string('Where to copy from: a data directory, or the URLs of an etcd cluster.', undefined, { placeholder: 'DIR|URLS' }),
  to: option.string('Where to copy to: a data directory to make, or the URLs of an etcd cluster without such keys.', undefined, {
    placeholder: 'DIR|URLS',
  }),
  prefix: option.string('Which keys: those that begin with this; empty for all.', '/registry/', { placeholder: 'PREFIX' }),
  cacert: option.string('CA of the etcd servers; the system’s unless given.', undefined, { placeholder: 'FILE' }),
  cert: option.string('Client certificate for etcd.', undefined, { placeholder: 'FILE' }),
  key: option.string('Key of --cert.', undefined, { placeholder: 'FILE' }),
  'dial-timeout': option.duration('How long to wait for an etcd cluster to answer.', 10_000),
  'bump-revision': BUMP_REVISION,
} satisfies OptionTable;

const ABOUT = `Copies a store, as of one revision: keys, values and leases. End the API servers first, on both sides: what is written meanwhile is not
copied. The copy is compared with what was read before it is called good; one that fails leaves nothing behind.

A directory keeps the revisions that objects have, and begins far above the last. An etcd cluster gives all objects new ones. Either way, clients
list anew: start every process again.`;

type Options = OptionValues<typeof OPTIONS>;

/** `nanokube store copy --from … --to …`. */
export async function main(argv: readonly string[]): Promise<void> {
  await runCommand(async () => {
    const { values, positionals, help } = parseOptions(OPTIONS, argv);
    if (help) {
      process.stdout.write(helpText('nanokube store copy [OPTIONS]', ABOUT, OPTIONS));
      return;
    }
    if (positionals[0] !== undefined) throw new OptionError(`"${positionals[0]}" is no option; --from and --to name the stores`);
    const { from, to } = values;
    if (!from || !to)
      throw new OptionError(`option --${from ? 'to' : 'from'} is missing: a data directory, or the URLs of an etcd cluster`);
    const source = isUrl(from) ? await openEtcd(from, values) : await openDirectory(from);
    try {
      const copied = isUrl(to) ? await intoEtcd(source, to, values) : await intoDirectory(source, to, values);
      process.stdout.write(
        `copied ${copied.keys} keys and ${copied.leases} leases of revision ${copied.revision} to ${to}, SHA-256 of keys and values ${copied.digest}\n`,
      );
    } finally {
      await source.close();
    }
  });
}

const isUrl = (place: string): boolean => /^https?:\/\//.test(place);

/** @throws UserError when there is no store: opening one would make it. */
async function openDirectory(directory: string): Promise<Store> {
  const store = join(directory, 'store');
  if (!existsSync(store)) throw new UserError(`${directory} has no store in it: it is no data directory of a cluster`);
  return await openLevelStore({ directory: store });
}

async function openEtcd(urls: string, options: Options): Promise<Store> {
  const waiting = new AbortController();
  const timer = systemClock.setTimer(options['dial-timeout'], () => waiting.abort(new UserError(`${urls} does not answer`)));
  try {
    return await openEtcdStore({
      endpoints: urls.split(','),
      tls: { ca: pem(options.cacert), cert: pem(options.cert), key: pem(options.key) },
      signal: waiting.signal,
    });
  } finally {
    timer.cancel();
  }
}

const pem = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(file, 'utf8'));

const itemsIn = (store: Store, { prefix }: Options): AsyncGenerator<SnapshotItem> => withPrefix(decodeSnapshot(store.snapshot()), prefix);

/** Lines on standard error, now and then. */
async function* reported(what: string, items: AsyncIterable<SnapshotItem>): AsyncGenerator<SnapshotItem> {
  let keys = 0;
  let said = systemClock.monotonic();
  for await (const item of items) {
    if (item.type === 'key') keys++;
    if (keys % PROGRESS_KEYS === 0 && systemClock.monotonic() - said >= PROGRESS_MS) {
      said = systemClock.monotonic();
      process.stderr.write(`${what} ${keys} keys\n`);
    }
    yield item;
  }
}

async function intoDirectory(source: Store, directory: string, options: Options): Promise<Fingerprint> {
  await checkEmpty(directory);
  makePrivateDirectory(directory);
  const target = join(directory, 'store');
  const taker = new FingerprintTaker();
  const items = reported('copied', taker.of(itemsIn(source, options)));
  await restoreLevelStore({ directory: target, items, revisionBump: options['bump-revision'] });
  const expected = taker.finish();
  try {
    await using copy = disposable(await openLevelStore({ directory: target }));
    compare(expected, await fingerprintOf(reported('compared', itemsIn(copy.store, options))));
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
  return expected;
}

const disposable = (store: Store) => ({ store, [Symbol.asyncDispose]: () => store.close() });

async function intoEtcd(source: Store, urls: string, options: Options): Promise<Fingerprint> {
  await using target = disposable(await openEtcd(urls, options));
  await checkNoKeys(target.store, urls, options.prefix);
  const taker = new FingerprintTaker();
  const items = reported('copied', taker.of(itemsIn(source, options)));
  await copyInto(target.store, items, {
    clock: systemClock,
    verify: async (keepAlive) => {
      const found = reported('compared', itemsIn(target.store, options));
      compare(taker.finish(), await fingerprintOf(eachAfter(found, keepAlive)));
    },
  });
  return taker.finish();
}

async function* eachAfter(items: AsyncIterable<SnapshotItem>, before: () => Promise<void>): AsyncGenerator<SnapshotItem> {
  for await (const item of items) {
    await before();
    yield item;
  }
}

/** What is there is never mixed with what comes. */
async function checkNoKeys(store: Store, urls: string, prefix: string): Promise<void> {
  const range = prefix === '' ? { key: '', end: '\uffff' } : prefixRange(prefix);
  const { count } = await store.range(range, { countOnly: true });
  if (count === 0) return;
  const what = prefix === '' ? 'keys' : `keys that begin with ${prefix}`;
  throw new UserError(
    `${urls} has ${count} ${what} already: give a cluster that is empty, or remove them first (etcdctl del --prefix "${prefix}")`,
  );
}

function compare(expected: Fingerprint, found: Fingerprint): void {
  if (expected.keys === found.keys && expected.digest === found.digest) return;
  throw new UserError(
    `the copy is not what was read: ${found.keys} keys with SHA-256 ${found.digest} instead of ${expected.keys} with ${expected.digest}; is somebody writing there?`,
  );
}
