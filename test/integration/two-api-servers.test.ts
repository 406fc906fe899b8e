import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generateKey, keyToPem, systemClock } from '../../runtime/index.ts';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/cluster.ts';
import { type EtcdMember, findEtcd, findEtcdctl, NO_ETCD, startEtcd } from '../support/etcd.ts';
import { etcdctl } from '../support/etcdctl.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const SERVICES = '/api/v1/namespaces/default/services';
const WAIT_MS = 60_000;

const open: AsyncDisposable[] = [];
const kept = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};
const closeAll = async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
};

const server = async (etcd: EtcdMember, args: readonly string[] = [], directory?: string) =>
  kept(await startApiServer({ args: [`--etcd-servers=${etcd.clientUrl}`, ...args], directory }));
const eventually = (what: string, condition: () => boolean | Promise<boolean>) => waitFor(condition, WAIT_MS, () => what);
const configMap = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

describe.skipIf(!findEtcd())(`two API servers on one etcd${findEtcd() ? '' : ` (skipped: ${NO_ETCD})`}`, () => {
  let etcd: EtcdMember;
  let a: ApiServerProcess;
  let b: ApiServerProcess;

  beforeAll(async () => {
    etcd = kept(await startEtcd());
    // At once, on one data directory: both make the same keys, and the same first objects.
    const one = await startPair(etcd);
    [a, b] = one;
  });
  afterAll(closeAll);

  test('start at once on an empty store: every first object is there, once', async () => {
    for (const each of [a, b]) {
      expect((await each.call('GET', '/readyz')).text).toBe('ok');
      const namespaces = (await each.call('GET', '/api/v1/namespaces')).body.items;
      expect(namespaces.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
        'default',
        'kube-node-lease',
        'kube-public',
        'kube-system',
      ]);
    }
    const roles = (await a.call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles')).body.items.length;
    expect((await b.call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles')).body.items.length).toBe(roles);
    const verbose = (await a.call('GET', '/readyz?verbose')).text;
    expect(verbose).toContain('[+]etcd ok\n[+]etcd-readiness ok\n');
    expect((await a.call('GET', '/livez/etcd')).text).toBe('ok');
  });

  test('both are endpoints of the kubernetes Service', async () => {
    const addresses = async () =>
      (await a.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes')).body.subsets?.[0]?.addresses?.map(
        ({ ip }: { ip: string }) => ip,
      );
    await eventually('both addresses', async () => JSON.stringify(await addresses()) === '["10.7.0.1","10.7.0.2"]');
  });

  test('a quota of ten is ten, whoever of the two is asked', async () => {
    const path = '/api/v1/namespaces/kube-public';
    const made = await a.call('POST', `${path}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { secrets: '10' } } });
    const status = { hard: { secrets: '10' }, used: { secrets: '0' } };
    await a.call('PUT', `${path}/resourcequotas/q/status`, { ...made.body, status });
    await b.call('GET', `${path}/resourcequotas/q`);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? a : b).call('POST', `${path}/secrets`, { metadata: { name: `s${i}` } })),
    );
    const count = (code: number) => answers.filter((answer) => answer.status === code).length;
    expect([count(201), count(403)]).toEqual([10, 90]);
    expect((await b.call('GET', `${path}/secrets`)).body.items.length).toBe(10);
    expect((await b.call('GET', `${path}/resourcequotas/q`)).body.status.used).toEqual({ secrets: '10' });
  });

  test('what one has answered the other knows: get, list, 404, and no time going back', async () => {
    let last = 0;
    for (let i = 0; i < 60; i++) {
      const [writer, reader] = i % 2 ? [a, b] : [b, a];
      const created = await writer.call('POST', CONFIG_MAPS, configMap(`c${i}`));
      expect(created.status).toBe(201);
      const listed = (await reader.call('GET', CONFIG_MAPS)).body;
      expect(listed.items.some((item: { metadata: { name: string } }) => item.metadata.name === `c${i}`)).toBe(true);
      expect(Number(listed.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(created.body.metadata.resourceVersion));
      expect(Number(listed.metadata.resourceVersion)).toBeGreaterThanOrEqual(last);
      last = Number(listed.metadata.resourceVersion);
      expect((await reader.call('GET', `${CONFIG_MAPS}/c${i}`)).status).toBe(200);
      const { resourceVersion } = created.body.metadata;
      expect((await reader.call('GET', `${CONFIG_MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`)).status).toBe(
        200,
      );
      expect((await reader.call('GET', `${CONFIG_MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).status).toBe(200);
      if (i % 3 === 0) {
        expect((await reader.call('DELETE', `${CONFIG_MAPS}/c${i}`)).status).toBe(200);
        expect((await writer.call('GET', `${CONFIG_MAPS}/c${i}`)).status).toBe(404);
      }
    }
  });

  test('a namespace and an account made through one are there for what is made through the other', async () => {
    for (let i = 0; i < 10; i++) {
      const [first, second] = i % 2 ? [a, b] : [b, a];
      await first.call('POST', '/api/v1/namespaces', { metadata: { name: `n${i}` } });
      expect((await second.call('POST', `/api/v1/namespaces/n${i}/serviceaccounts`, { metadata: { name: 'bot' } })).status).toBe(201);
      const token = await first.call('POST', `/api/v1/namespaces/n${i}/serviceaccounts/bot/token`, { spec: {} });
      expect(token.status).toBe(201);
      const pod = { metadata: { name: 'p' }, spec: { serviceAccountName: 'bot', containers: [{ name: 'c', image: 'i' }] } };
      expect((await first.call('POST', `/api/v1/namespaces/n${i}/pods`, pod)).status).toBe(201);
      // 403, not 401: the other server knows whose token it is.
      const authorization = `Bearer ${token.body.status.token}`;
      expect((await second.call('GET', '/api/v1/nodes', undefined, { authorization })).status).toBe(403);
      await first.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: `b${i}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', namespace: `n${i}`, name: 'bot' }],
      });
      const review = await second.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { user: `system:serviceaccount:n${i}:bot`, resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } },
      });
      expect(review.body.status.allowed).toBe(true);
    }
  });

  test('a write that goes by an old state is refused by either, and updates of one object lose nothing', async () => {
    await a.call('POST', CONFIG_MAPS, configMap('counter', { n: '0' }));
    const increment = async (server: ApiServerProcess): Promise<void> => {
      for (;;) {
        const { body } = await server.call('GET', `${CONFIG_MAPS}/counter`);
        body.data.n = String(Number(body.data.n) + 1);
        const answer = await server.call('PUT', `${CONFIG_MAPS}/counter`, body);
        if (answer.status === 200) return;
        expect(answer.body).toMatchObject({ code: 409, reason: 'Conflict' });
      }
    };
    await Promise.all(
      [a, b, a, b].map(async (each) => {
        for (let i = 0; i < 10; i++) await increment(each);
      }),
    );
    expect((await b.call('GET', `${CONFIG_MAPS}/counter`)).body.data.n).toBe('40');
  });

  test('no cluster IP and no node port is given twice', async () => {
    const create = (i: number) =>
      (i % 2 ? a : b).call('POST', SERVICES, { metadata: { name: `s${i}` }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    const made = await Promise.all(Array.from({ length: 60 }, (_, i) => create(i)));
    expect(made.filter(({ status }) => status !== 201).map(({ text }) => text)).toEqual([]);
    expect(new Set(made.map(({ body }) => body.spec.clusterIP)).size).toBe(60);
    expect(new Set(made.map(({ body }) => body.spec.ports[0].nodePort)).size).toBe(60);
    const asked = await Promise.all(
      [a, b, a, b].map((each, i) =>
        each.call('POST', SERVICES, { metadata: { name: `asked${i}` }, spec: { clusterIP: '10.96.0.200', ports: [{ port: 80 }] } }),
      ),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422]);
  });

  test('watches on both tell one history', async () => {
    const { resourceVersion } = (await a.call('GET', CONFIG_MAPS)).body.metadata;
    using onA = await a.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${resourceVersion}`);
    using onB = await b.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${resourceVersion}`);
    await Promise.all(
      [a, b].map(async (each, at) => {
        for (let i = 0; i < 50; i++) {
          await each.call('POST', CONFIG_MAPS, configMap(`w${at}-${i}`));
          await each.call(
            'PATCH',
            `${CONFIG_MAPS}/w${at}-${i}`,
            { data: { i: String(i) } },
            { 'content-type': 'application/merge-patch+json' },
          );
          await each.call('DELETE', `${CONFIG_MAPS}/w${at}-${i}`);
        }
      }),
    );
    await eventually('300 events on both', () => onA.frames.length >= 300 && onB.frames.length >= 300);
    expect(onA.frames).toEqual(onB.frames);
    const revisions = onA.frames.map((frame) => Number(frame.split(' ')[2]));
    expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
  });

  test('a revision that is yet to come is waited for, and refused after three seconds', async () => {
    const { resourceVersion } = (await a.call('GET', CONFIG_MAPS)).body.metadata;
    const wanted = Number(resourceVersion) + 1;
    const waiting = b.call('GET', `${CONFIG_MAPS}?resourceVersion=${wanted}&resourceVersionMatch=NotOlderThan`);
    await systemClock.sleep(200);
    await a.call('POST', CONFIG_MAPS, configMap('awaited'));
    expect((await waiting).status).toBe(200);
    const never = await b.call('GET', `${CONFIG_MAPS}?resourceVersion=${wanted + 1000}&resourceVersionMatch=NotOlderThan`);
    expect(never.status).toBe(504);
    expect(never.body.message).toContain(`Too large resource version: ${wanted + 1000}`);
    expect(never.tookMs).toBeGreaterThan(2900);
  });

  test('one is killed: the other goes on, and after a restart it knows everything', async () => {
    expect(await b.kill('SIGKILL')).toBeNull();
    await a.call('POST', CONFIG_MAPS, configMap('meanwhile'));
    b = await server(etcd, ['--advertise-address=10.7.0.2'], a.directory);
    expect((await b.call('GET', `${CONFIG_MAPS}/meanwhile`)).status).toBe(200);
    const lists = await Promise.all([a, b].map(async (each) => (await each.call('GET', CONFIG_MAPS)).body.items));
    expect(lists[0]).toEqual(lists[1]);
    // And keeps the cluster's keys: the token of before is good.
    expect((await b.call('POST', SERVICES, { metadata: { name: 'after' }, spec: { ports: [{ port: 80 }] } })).status).toBe(201);
  });

  test('etcd stops and starts: clear refusals in bounded time meanwhile, then everything as before', async () => {
    using watch = await a.watch(`${CONFIG_MAPS}?watch=1`);
    await etcd.kill();
    const answers = await Promise.all([
      a.call('GET', CONFIG_MAPS),
      b.call('GET', `${CONFIG_MAPS}/meanwhile`),
      a.call('POST', CONFIG_MAPS, configMap('lost')),
      b.call('DELETE', `${CONFIG_MAPS}/meanwhile`),
    ]);
    for (const { status, body, tookMs } of answers) {
      expect([503, 504]).toContain(status);
      expect(body).toMatchObject({ kind: 'Status', message: expect.stringContaining('etcd') });
      expect(tookMs).toBeLessThan(60_000);
    }
    const cached = await a.call('GET', `${CONFIG_MAPS}?resourceVersion=0`);
    expect(cached.status).toBe(200);
    const readiness = await a.call('GET', '/readyz');
    expect(readiness.status).toBe(500);
    expect(readiness.text).toContain('[-]etcd failed: reason withheld');
    await etcd.restart();
    await eventually('readiness', async () => (await a.call('GET', '/readyz')).status === 200);
    expect((await a.call('POST', CONFIG_MAPS, configMap('recovered'))).status).toBe(201);
    expect((await b.call('GET', `${CONFIG_MAPS}/recovered`)).status).toBe(200);
    await eventually('the watch goes on', () => watch.frames.some((frame) => frame.startsWith('ADDED recovered')));
  });

  test('a server that is told to stop takes itself out of the endpoints', async () => {
    expect(await b.kill('SIGTERM')).toBe(0);
    const { body } = await a.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes');
    expect(body.subsets[0].addresses).toEqual([{ ip: '10.7.0.1' }]);
  });
});

/** Two servers on one data directory, with an address each. */
async function startPair(etcd: EtcdMember): Promise<[ApiServerProcess, ApiServerProcess]> {
  const directory = kept(await tempDirectory()).path;
  return Promise.all([
    server(etcd, ['--advertise-address=10.7.0.1'], directory),
    server(etcd, ['--advertise-address=10.7.0.2'], directory),
  ]);
}

describe.skipIf(!findEtcd())('an API server on an etcd that', () => {
  afterEach(closeAll);

  test.skipIf(!findEtcdctl())('is full says so, and works again when there is room', async () => {
    const etcd = kept(await startEtcd({ args: ['--quota-backend-bytes', String(16 * 1024 * 1024)] }));
    const api = await server(etcd);
    const filler = 'x'.repeat(500_000);
    let refused: Awaited<ReturnType<ApiServerProcess['call']>> | undefined;
    for (let i = 0; i < 100 && !refused; i++) {
      const answer = await api.call('POST', CONFIG_MAPS, configMap(`big${i}`, { filler }));
      if (answer.status !== 201) refused = answer;
    }
    expect(refused?.status).toBe(500);
    expect(refused?.body).toMatchObject({ kind: 'Status', message: 'etcdserver: mvcc: database space exceeded' });
    // Reads go on.
    expect((await api.call('GET', CONFIG_MAPS)).status).toBe(200);
    expect((await api.call('GET', '/livez')).status).toBe(200);
    // So do deletes, which make room; that there is some is for the operator to say.
    for (let i = 0; i < 5; i++) expect((await api.call('DELETE', `${CONFIG_MAPS}/big${i}`)).status).toBe(200);
    const { resourceVersion } = (await api.call('GET', CONFIG_MAPS)).body.metadata;
    for (const command of [['compact', resourceVersion], ['defrag'], ['alarm', 'disarm']]) {
      await etcdctl('--endpoints', etcd.clientUrl, ...command);
    }
    expect((await api.call('POST', CONFIG_MAPS, configMap('small'))).status).toBe(201);
  });

  test('is shared by servers with data directories of their own: keys and authorities are shared by files', async () => {
    const etcd = kept(await startEtcd());
    const shared = kept(await tempDirectory()).path;
    const signing = join(shared, 'sa.key');
    writeFileSync(signing, keyToPem(generateKey()));
    const keys = [`--service-account-signing-key-file=${signing}`, `--service-account-key-file=${signing}`];
    const one = await server(etcd, keys);
    const other = await server(etcd, [...keys, `--client-ca-file=${join(one.directory, 'pki/ca.crt')}`]);
    const token = await one.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { spec: {} });
    // The controller manager makes the account, and there is none here.
    expect(token.status).toBe(404);
    await one.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'bot' } });
    const made = await one.call('POST', '/api/v1/namespaces/default/serviceaccounts/bot/token', { spec: {} });
    const authorization = `Bearer ${made.body.status.token}`;
    expect((await other.call('GET', '/api/v1/nodes', undefined, { authorization })).status).toBe(403);
    const stranger = await server(etcd);
    expect((await stranger.call('GET', '/api/v1/nodes', undefined, { authorization })).status).toBe(401);
    const certificate = ['crt', 'key'].map((end) => readFileSync(join(one.directory, `pki/admin.${end}`)));
    const trusted = (url: string) =>
      new Promise<number>((resolve, reject) => {
        const [cert, key] = certificate;
        get(`${url}/api/v1/nodes`, { cert, key, rejectUnauthorized: false, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on('error', reject);
      });
    expect(await trusted(other.url)).toBe(200);
    expect(await trusted(stranger.url)).toBe(401);
  });

  test('has keys of others is left alone, with --etcd-prefix', async () => {
    const etcd = kept(await startEtcd());
    const one = await server(etcd, ['--etcd-prefix=/one']);
    const other = await server(etcd, ['--etcd-prefix=other/deep/']);
    await one.call('POST', CONFIG_MAPS, configMap('mine'));
    expect((await other.call('GET', `${CONFIG_MAPS}/mine`)).status).toBe(404);
    expect((await one.call('GET', `${CONFIG_MAPS}/mine`)).status).toBe(200);
    const conflict = await one.call('PUT', `${CONFIG_MAPS}/mine`, { metadata: { name: 'mine', uid: 'x' } });
    expect(conflict.body.message).toContain('Key: /one/configmaps/default/mine');
  });
});
