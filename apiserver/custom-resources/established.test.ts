import { expect, test } from 'vitest';
import { openMemoryStore, type Store } from '../../store/index.ts';
import { CRDS, establish, gone, type Json, startCrdServer, until, version, widgets } from './testing.ts';

/** A store that keeps back writes with a text in them until it is told to go on. */
function heldStore(store: Store, text: string) {
  let tell = (): void => undefined;
  let release = (): void => undefined;
  const isHeld = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const txn: Store['txn'] = async (transaction) => {
    if (transaction.success.some((each) => each.op === 'put' && each.value.includes(text))) {
      tell();
      await gate;
    }
    return await store.txn(transaction);
  };
  const bound = (name: string | symbol): unknown => {
    const member: unknown = Reflect.get(store, name, store);
    return typeof member === 'function' ? member.bind(store) : member;
  };
  return { held: new Proxy(store, { get: (_, name) => (name === 'txn' ? txn : bound(name)) }), isHeld, release };
}

test('a definition is in discovery once it is Established, and not before', async () => {
  await using store = { it: await openMemoryStore(), [Symbol.asyncDispose]: () => store.it.close() };
  const { held, isHeld, release } = heldStore(store.it, 'InitialNamesAccepted');
  await using server = await startCrdServer({ store: held });
  await server.request('POST', CRDS, { body: widgets() });
  await isHeld;
  const early = await server.request('GET', '/apis/example.com/v1');
  release();
  expect(early.status).toBe(404);
  await until(server, '/apis/example.com/v1', ({ status }) => status === 200);
  const crd = (await server.request('GET', `${CRDS}/widgets.example.com`)).json<Json & { status: { conditions: object[] } }>();
  expect(crd.status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
});

test('discovery has no hash of a version that objects are stored in and nobody is served', async () => {
  await using server = await startCrdServer();
  const hashes = async (served: boolean) => {
    await establish(server, widgets({ versions: [version('v1', { served }), version('v2', { storage: false })] }));
    const { resources } = (await server.request('GET', '/apis/example.com/v2')).json<{ resources: { storageVersionHash?: string }[] }>();
    await server.request('DELETE', `${CRDS}/widgets.example.com`);
    await until(server, `${CRDS}/widgets.example.com`, gone);
    return resources.map(({ storageVersionHash }) => storageVersionHash);
  };
  expect(await hashes(true)).toEqual([expect.stringMatching(/=$/)]);
  expect(await hashes(false)).toEqual([undefined]);
});
