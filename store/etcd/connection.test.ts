/** The etcd driver when the way to etcd is bad: not there yet, cut, blocked, refused, with wrong certificates. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { expect, test } from 'vitest';
import { seededRandom, systemClock } from '../../runtime/index.ts';
import { type Authority, testAuthority } from '../../test/support/authority.ts';
import { describeOnEtcd, type EtcdMember, startEtcd, startEtcdCluster } from '../../test/support/etcd.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';
import { record } from '../../test/support/store-recorder.ts';
import { ALL, plain, put, withCode } from '../../test/support/store-steps.ts';
import { TcpProxy } from '../../test/support/tcp-proxy.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { until } from '../../test/support/wait.ts';
import { violations } from '../../test/support/watch-validators.ts';
import { type EtcdStoreOptions, openEtcdStore, type StoreError } from '../index.ts';

const UNREACHABLE = 'http://127.0.0.1:1';

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

function logOf(): { readonly lines: Line[]; readonly logger: pino.Logger } {
  const lines: Line[] = [];
  return { lines, logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }) };
}

const failureOf = (promise: Promise<unknown>): Promise<StoreError> =>
  promise.then(
    () => {
      throw new Error('did not fail');
    },
    (error: StoreError) => error,
  );

describeOnEtcd('opening a store on etcd', () => {
  test('waits for one that does not answer, with a line in the log for each try', async () => {
    await using member = await startEtcd();
    await member.kill();
    const { lines, logger } = logOf();
    const opening = openEtcdStore({ endpoints: [member.clientUrl], logger });
    while (lines.length < 2) await systemClock.sleep(20);
    await member.restart();
    const store = await opening;
    expect((await store.txn(plain(put('a')))).revision).toBe(2);
    await store.close();
    expect(lines[1]).toMatchObject({
      level: 40,
      msg: 'etcd does not answer yet',
      attempt: 2,
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('the signal ends the wait', async () => {
    const abort = new AbortController();
    const { lines, logger } = logOf();
    const opening = failureOf(openEtcdStore({ endpoints: [UNREACHABLE], logger, signal: abort.signal }));
    await until('it was tried', () => lines.length > 0);
    abort.abort(new Error('enough'));
    expect(await opening).toMatchObject({ message: 'enough' });
    const tried = lines.length;
    await expect(openEtcdStore({ endpoints: [UNREACHABLE], logger, signal: abort.signal })).rejects.toThrow('enough');
    expect(lines).toHaveLength(tried);
  });

  test('what is no address of a server is refused', async () => {
    for (const endpoint of ['', 'http://', 'etcd', 'ftp://127.0.0.1:2379', 'http://127.0.0.1:2379/path']) {
      await expect(openEtcdStore({ endpoints: [endpoint] })).rejects.toBeInstanceOf(TypeError);
    }
    await expect(openEtcdStore({ endpoints: [] })).rejects.toBeInstanceOf(TypeError);
  });
});

async function startSecure(authority: Authority, directory: string): Promise<EtcdMember> {
  const { cert, key } = authority.issue('server', ['127.0.0.1']);
  const file = async (name: string, text: string) => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  const tls = { cert: await file('server.crt', cert), key: await file('server.key', key), clientCa: await file('ca.crt', authority.ca) };
  return startEtcd({ tls });
}

describeOnEtcd('etcd with TLS and client certificates', () => {
  test('the right certificates open it; wrong ones say what to change', async () => {
    await using directory = await tempDirectory();
    const [ours, other] = [testAuthority('ours'), testAuthority('other')];
    await using member = await startSecure(ours, directory.path);
    const endpoints = [member.clientUrl];
    const client = ours.issue('client');
    const store = await openEtcdStore({ endpoints, tls: { ca: ours.ca, ...client } });
    expect((await store.txn(plain(put('a')))).revision).toBe(2);
    await store.close();

    const refusal = async (options: Partial<EtcdStoreOptions>) => (await failureOf(openEtcdStore({ endpoints, ...options }))).message;
    expect(await refusal({ tls: { ca: other.ca, ...client } })).toContain('check --etcd-cafile');
    expect(await refusal({ tls: { ca: ours.ca } })).toContain('check --etcd-certfile and --etcd-keyfile');
    expect(await refusal({ tls: { ca: ours.ca, ...other.issue('client') } })).toContain('check --etcd-certfile and --etcd-keyfile');
    const otherName = [member.clientUrl.replace('127.0.0.1', 'localhost')];
    expect(await refusal({ endpoints: otherName, tls: { ca: ours.ca, ...client } })).toContain('not for this name: check --etcd-servers');
    expect(await refusal({ tls: { ca: 'no certificate', ...client } })).toContain('cannot be used');
    expect(await refusal({ tls: { ca: ours.ca, cert: client.cert, key: other.issue('client').key } })).toContain('cannot be used');
  });

  test('an intermediate alone in --etcd-cafile is trusted as a root', async () => {
    await using directory = await tempDirectory();
    const root = testAuthority('root');
    const intermediate = root.below('intermediate');
    await using member = await startSecure(intermediate, directory.path);
    const store = await openEtcdStore({ endpoints: [member.clientUrl], tls: { ca: intermediate.ca, ...intermediate.issue('client') } });
    expect((await store.txn(plain(put('a')))).revision).toBe(2);
    await store.close();
  });

  test('http:// where there is TLS, and the other way round, is hinted at', async () => {
    await using directory = await tempDirectory();
    await using secure = await startSecure(testAuthority(), directory.path);
    await using open = await startEtcd();
    const { lines, logger } = logOf();
    for (const url of [secure.clientUrl.replace('https', 'http'), open.clientUrl.replace('http', 'https')]) {
      const abort = new AbortController();
      const before = lines.length;
      const opening = failureOf(openEtcdStore({ endpoints: [url], logger, signal: abort.signal }));
      while (lines.length === before) await systemClock.sleep(20);
      abort.abort();
      await opening;
    }
    for (const { error } of lines) expect(error).toContain('is it http:// that should be https://');
  });
});

describeOnEtcd('etcd that cannot be reached any more', () => {
  test('another endpoint is used at once, whatever is asked', async () => {
    await using member = await startEtcd();
    await using proxy = await TcpProxy.open(member.clientUrl);
    const { lines, logger } = logOf();
    // Whichever is first by chance: the proxy is, with one of these. Who waits for it waits as long as a request may take.
    const requestTimeoutMs = 60_000;
    for (const seed of [1, 2, 3, 4]) {
      const endpoints = [proxy.url, member.clientUrl, UNREACHABLE];
      const store = await openEtcdStore({ endpoints, requestTimeoutMs, logger, random: seededRandom(seed) });
      using watch = record(store, ALL);
      const { revision } = await store.txn(plain(put('before')));
      proxy.close();
      await Promise.allSettled([store.txn(plain(put('lost')))]);
      const began = systemClock.monotonic();
      const results = await Promise.all([store.txn(plain(put('after'))), store.range(ALL), store.leases.grant({ ttlSeconds: 60 })]);
      expect(results[0].revision).toBeGreaterThan(revision);
      expect((await store.leases.keepAlive(results[2].id)).ttlSeconds).toBe(60);
      expect(systemClock.monotonic() - began).toBeLessThan(requestTimeoutMs / 3);
      await watch.caughtUp(store.revision);
      expect(watch.events().map(({ kv }) => kv.key)).toEqual(expect.arrayContaining(['before', 'after']));
      proxy.reopen();
      await store.close();
    }
    expect(lines.some(({ msg }) => msg === 'etcd member fails, another one is used')).toBe(true);
  });

  test('a write on a connection that breaks is not done twice, and its error says that its outcome is unknown', async () => {
    await using member = await startEtcd();
    await using proxy = await TcpProxy.open(member.clientUrl);
    const store = await openEtcdStore({ endpoints: [proxy.url] });
    proxy.block();
    const writing = failureOf(store.txn(plain(put('a'))));
    await until('the write is on its way', () => proxy.held > 0);
    proxy.cut();
    expect(await writing).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('whether the write was done is unknown') });
    proxy.unblock();
    expect((await store.range(ALL)).count).toBeLessThanOrEqual(1);
    expect((await store.txn(plain(put('b')))).revision).toBeLessThanOrEqual(3);
    await store.close();
  });

  test('what waits for a connection is done when there is one, and bounded in time when there is none', async () => {
    await using member = await startEtcd();
    await using proxy = await TcpProxy.open(member.clientUrl);
    const store = await openEtcdStore({ endpoints: [proxy.url], requestTimeoutMs: 3000 });
    const patient = await openEtcdStore({ endpoints: [proxy.url] });
    proxy.close();
    await failureOf(store.txn(plain(put('lost'))));
    const began = systemClock.monotonic();
    expect(await failureOf(store.txn(plain(put('a'))))).toMatchObject({
      code: 'Unavailable',
      message: expect.not.stringContaining('unknown'),
    });
    expect(await failureOf(store.range(ALL))).toMatchObject({ code: 'Unavailable' });
    expect(await failureOf(store.leases.keepAlive(1n))).toMatchObject({ code: 'Unavailable' });
    expect(systemClock.monotonic() - began).toBeLessThan(30_000);
    const later = patient.txn(plain(put('b')));
    await systemClock.sleep(100);
    proxy.reopen();
    expect((await later).succeeded).toBe(true);
    await Promise.all([store.close(), patient.close()]);
  });

  test('a connection that is silent: reads and writes end in time', async () => {
    await using member = await startEtcd();
    const store = await openEtcdStore({ endpoints: [member.clientUrl], requestTimeoutMs: 2000 });
    await member.pause();
    const [read, written, kept] = await Promise.all([
      failureOf(store.range(ALL)),
      failureOf(store.txn(plain(put('a')))),
      failureOf(store.leases.keepAlive(1n)),
    ]);
    expect(read).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('did not answer within') });
    expect(written).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('unknown') });
    expect(kept).toMatchObject({ code: 'Unavailable' });
    member.resume();
    // How soon it is awake again nobody says.
    await expect.poll(() => store.txn(plain(put('b'))).then(({ succeeded }) => succeeded, String)).toBe(true);
    await store.close();
  });

  test('a cluster without a leader: nothing is answered, and it says so', async () => {
    await using cluster = await startEtcdCluster(3);
    const store = await openEtcdStore({ endpoints: cluster.clientUrls, requestTimeoutMs: 5000 });
    using watch = record(store, ALL);
    await store.txn(plain(put('a')));
    const [one, two] = cluster.members;
    await Promise.all([one?.kill(), two?.kill()]);
    expect(await failureOf(store.txn(plain(put('b'))))).toEqual(withCode('Unavailable'));
    expect(await failureOf(store.range(ALL))).toEqual(withCode('Unavailable'));
    // Each waits for the other to be healthy.
    await Promise.all([one?.restart(), two?.restart()]);
    await store.txn(plain(put('c')));
    await until('the watch goes on', () => watch.events().some(({ kv }) => kv.key === 'c'));
    expect(watch.events().map(({ kv }) => kv.key)).toEqual(expect.arrayContaining(['a', 'c']));
    await store.close();
  });
});

describeOnEtcd('watches of etcd', () => {
  test('a stream that breaks goes on where it was, whatever was written meanwhile', async () => {
    await using member = await startEtcd();
    await using proxy = await TcpProxy.open(member.clientUrl);
    const watching = await openEtcdStore({ endpoints: [proxy.url] });
    const writing = await openEtcdStore({ endpoints: [member.clientUrl] });
    using watch = record(watching, ALL);
    for (let i = 0; i < 60; i++) {
      await writing.txn(plain(put(`k${i}`), put(`l${i}`)));
      if (i % 7 === 3) proxy.cut();
    }
    await watching.newestRevision();
    await watch.caughtUp(writing.revision);
    expect(watch.events().map(({ kv }) => kv.key)).toEqual(Array.from({ length: 60 }, (_, i) => [`k${i}`, `l${i}`]).flat());
    await Promise.all([watching.close(), writing.close()]);
  });

  test('a connection that is silent is found out, and the watch goes on', async () => {
    // Our own endpoint: etcd itself wants five seconds between the signs of life that it is asked for.
    await using endpoint = await startEndpoint();
    await using proxy = await TcpProxy.open(endpoint.url);
    const { lines, logger } = logOf();
    const store = await openEtcdStore({ endpoints: [proxy.url], keepaliveTimeMs: 100, keepaliveTimeoutMs: 5000, logger });
    using watch = record(store, ALL);
    await store.txn(plain(put('a')));
    await until('the first event', () => watch.events().length === 1);
    // Nothing is said but that both are alive.
    const before = proxy.passed;
    await until('signs of life', () => proxy.passed > before + 10);
    expect(lines).toEqual([]);
    proxy.block();
    await until('the silence is found out', () => lines.some(({ msg }) => msg === 'etcd watch is taken up again'));
    await endpoint.store.txn(plain(put('b')));
    proxy.unblock();
    await until('the next event', () => watch.events().length === 2);
    await store.close();
  });

  test('compacted while it was cut off: it ends, and says so', async () => {
    await using member = await startEtcd();
    await using proxy = await TcpProxy.open(member.clientUrl);
    const watching = await openEtcdStore({ endpoints: [proxy.url] });
    const writing = await openEtcdStore({ endpoints: [member.clientUrl] });
    const watch = record(watching, ALL);
    const { revision } = await writing.txn(plain(put('a')));
    await watching.newestRevision();
    await watch.caughtUp(revision);
    proxy.close();
    for (let i = 0; i < 5; i++) await writing.txn(plain(put('a')));
    await writing.compact(writing.revision);
    proxy.reopen();
    expect(await watch.end()).toEqual(withCode('Compacted'));
    expect(watch.events()).toHaveLength(1);
    // One that did not say from where misses nothing that it was promised.
    using late = record(watching, ALL);
    await writing.txn(plain(put('b')));
    await until('it is told', () => late.events().some(({ kv }) => kv.key === 'b'));
    await Promise.all([watching.close(), writing.close()]);
  });

  test('progress is never told ahead of the events, also under load', async () => {
    await using member = await startEtcd();
    const store = await openEtcdStore({ endpoints: [member.clientUrl] });
    const watches = Array.from({ length: 10 }, (_, at) => record(store, { key: `/${at}` }, { fromRevision: 1 }));
    const write = async (writer: number) => {
      for (let i = 0; i < 60; i++) {
        await store.txn(plain(put(`/${(writer + i) % 40}`, 'x'.repeat(500))));
        for (const { watch } of watches) watch.requestProgress();
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, writer) => write(writer)));
    using all = record(store, ALL, { fromRevision: 1 });
    await all.caughtUp(store.revision);
    expect(all.events()).toHaveLength(30 * 60);
    for (const watch of watches) {
      await watch.caughtUp(store.revision);
      const truth = all.events().filter(({ kv }) => kv.key === watch.range.key);
      expect(violations({ from: watch.from, batches: watch.batches, truth })).toEqual([]);
      expect(watch.batches.filter(({ type }) => type === 'progress').length).toBeGreaterThan(5);
      watch[Symbol.dispose]();
    }
    await store.close();
  });
});

describeOnEtcd("etcd's limits", () => {
  test('too many operations, and a full quota, are said in words', async () => {
    await using member = await startEtcd({ args: ['--quota-backend-bytes', String(1024 * 1024)] });
    const store = await openEtcdStore({ endpoints: [member.clientUrl] });
    const many = Array.from({ length: 129 }, (_, i) => put(`k${i}`));
    expect(await failureOf(store.txn(plain(...many)))).toMatchObject({
      code: 'ValueTooLarge',
      message: 'etcdserver: too many operations in txn request',
    });
    let failure: StoreError | undefined;
    for (let i = 0; i < 200 && !failure; i++) {
      // What is written is counted when it is flushed, ten times a second.
      await systemClock.sleep(10);
      const writing = store.txn(plain(put(`k${i}`, 'x'.repeat(200_000))));
      failure = await writing.then(
        () => undefined,
        (error: StoreError) => error,
      );
    }
    expect(failure).toMatchObject({ code: 'NoSpace', message: 'etcdserver: mvcc: database space exceeded' });
    expect((await store.range(ALL)).count).toBeGreaterThan(0);
    await store.close();
  });

  test('a snapshot whose revision is compacted while it is read ends with that word', async () => {
    await using member = await startEtcd();
    const store = await openEtcdStore({ endpoints: [member.clientUrl] });
    for (let i = 0; i < 8; i++) await store.txn(plain(...Array.from({ length: 50 }, (_, k) => put(`k${i}-${k}`, 'x'.repeat(5000)))));
    const snapshot = store.snapshot()[Symbol.asyncIterator]();
    await snapshot.next();
    await store.txn(plain(put('a')));
    await store.compact(store.revision);
    const rest = async () => {
      while (!(await snapshot.next()).done);
    };
    expect(await failureOf(rest())).toEqual(withCode('Compacted'));
    await store.close();
  });
});
