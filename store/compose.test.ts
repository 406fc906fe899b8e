import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseOptions, silentLogger, systemClock, systemRandom } from '../runtime/index.ts';
import { put } from '../test/contract/etcd-kv-contract.ts';
import { EtcdClient } from '../test/support/etcd-client.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { composeStore } from './compose.ts';
import { openLevelStore } from './index.ts';
import { storeOptions } from './options.ts';
import { ALARM_ACTION, ALARM_TYPE, CLUSTER_SERVICE, KV_SERVICE, MAINTENANCE_SERVICE } from './rpc/index.ts';

const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
const said: string[] = [];
const compose = (directory: string, ...argv: string[]) => {
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const defaults = ['--data-dir', directory, '--listen-client-urls', 'http://127.0.0.1:0'];
  const service = composeStore(parseOptions(storeOptions, [...defaults, ...argv]).values, environment);
  const start = () => service.start().finally(() => stdout.mockRestore());
  return { start, stop: () => service.stop(), url: () => service.url ?? '' };
};

afterEach(() => {
  vi.restoreAllMocks();
  said.length = 0;
});

/** Runs the store of a directory for as long as the work takes. */
async function withStore<T>(directory: string, work: (client: EtcdClient, url: string) => Promise<T>, ...argv: string[]): Promise<T> {
  const service = compose(directory, ...argv);
  await service.start();
  const client = new EtcdClient(service.url());
  try {
    return await work(client, service.url());
  } finally {
    client[Symbol.dispose]();
    await service.stop();
  }
}

describe('nanokube store', () => {
  it('says where it is ready, and keeps its data, its ids and its alarms', async () => {
    await using directory = await tempDirectory();
    const first = await withStore(directory.path, async (client, url) => {
      expect(said).toEqual([`nanokube store is ready on ${url}, at revision 1\n`]);
      await put(client, 'a', '1');
      const { header } = await client.call(MAINTENANCE_SERVICE.status, {});
      const alarm = { memberId: header?.memberId, alarm: ALARM_TYPE.noSpace };
      await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.activate, ...alarm });
      return header;
    });
    await withStore(directory.path, async (client) => {
      const status = await client.call(MAINTENANCE_SERVICE.status, {});
      expect(status.header).toEqual(first);
      expect(status.errors).toEqual([`memberID:${first?.memberId} alarm:NOSPACE `]);
      expect((await client.call(KV_SERVICE.range, { key: Buffer.from('a') })).kvs[0]?.value.toString()).toBe('1');
    });
    await using other = await tempDirectory();
    await withStore(other.path, async (client) => {
      expect((await client.call(MAINTENANCE_SERVICE.status, {})).header?.clusterId).not.toBe(first?.clusterId);
    });
  });

  it('opens the database that the API server of the directory has', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: join(directory.path, 'store') });
    await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/x', value: Buffer.from('1') }] });
    await expect(compose(directory.path).start()).rejects.toThrow(/the store in .* is in use by/);
    await store.close();
    await withStore(directory.path, async (client) => {
      expect((await client.call(KV_SERVICE.range, { key: Buffer.from('/registry/x') })).count).toBe(1);
    });
  });

  it('tells its name, and what it is told to advertise', async () => {
    await using directory = await tempDirectory();
    const members = await withStore(
      directory.path,
      async (client) => (await client.call(CLUSTER_SERVICE.memberList, {})).members,
      ...['--name', 'one', '--advertise-client-urls', 'https://a:1,https://b:2'],
    );
    expect(members).toMatchObject([{ name: 'one', clientUrls: ['https://a:1', 'https://b:2'] }]);
  });

  it('says in a line what is wrong with its options', async () => {
    await using directory = await tempDirectory();
    const cases: [argv: string[], said: string][] = [
      [['--auto-compaction-mode', 'sometimes'], 'option --auto-compaction-mode takes periodic or revision'],
      [['--initial-cluster', 'a=http://a:1,b=http://b:1'], 'option --initial-cluster cannot have more than one member'],
      [['--cert-file', 'a'], 'options --cert-file and --key-file go together'],
      [['--client-cert-auth'], 'options --trusted-ca-file and --client-cert-auth need --cert-file and --key-file'],
      [['--cert-file', '/nowhere', '--key-file', '/nowhere'], '--cert-file: /nowhere cannot be read'],
      [['--data-dir', '/dev/null/x'], 'the data directory /dev/null/x cannot be used'],
    ];
    for (const [argv, text] of cases) await expect(async () => await compose(directory.path, ...argv).start()).rejects.toThrow(text);
  });

  it('refuses a member file that is damaged', async () => {
    await using directory = await tempDirectory();
    writeFileSync(join(directory.path, 'store-member.json'), '{"clusterId":');
    await expect(compose(directory.path).start()).rejects.toThrow(/store-member\.json is damaged/);
  });
});
