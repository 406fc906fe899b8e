import { describe } from 'vitest';
import { seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { etcdKv, type OpenEtcd } from '../../test/contract/etcd-kv-contract.ts';
import { etcdServices } from '../../test/contract/etcd-service-contract.ts';
import { etcdWatch } from '../../test/contract/etcd-watch-contract.ts';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import { EtcdClient } from '../../test/support/etcd-client.ts';
import { openMemoryStore } from '../index.ts';
import { createEtcdEndpoint } from './index.ts';

const onEndpoint: OpenEtcd = async () => {
  const store = await openMemoryStore();
  const endpoint = createEtcdEndpoint({
    store,
    listenClientUrls: ['http://127.0.0.1:0'],
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  await endpoint.start();
  const client = new EtcdClient(endpoint.url ?? '');
  const dispose = async () => {
    client[Symbol.dispose]();
    await endpoint.stop();
    await store.close();
  };
  return { client, [Symbol.asyncDispose]: dispose };
};

const onEtcd: OpenEtcd = async () => {
  const member = await startEtcd();
  const client = new EtcdClient(member.clientUrl);
  const dispose = async () => {
    client[Symbol.dispose]();
    await member[Symbol.asyncDispose]();
  };
  return { client, [Symbol.asyncDispose]: dispose };
};

function etcdApi(open: OpenEtcd): void {
  describe('KV', () => etcdKv(open));
  describe('Watch', () => etcdWatch(open));
  describe('the other services', () => etcdServices(open));
}

describe('etcd’s API on our endpoint', () => etcdApi(onEndpoint));
describeOnEtcd('etcd’s API on etcd', () => etcdApi(onEtcd));
