import { describe } from 'vitest';
import { etcdKv, type OpenEtcd } from '../../test/contract/etcd-kv-contract.ts';
import { etcdServices } from '../../test/contract/etcd-service-contract.ts';
import { etcdWatch } from '../../test/contract/etcd-watch-contract.ts';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import { EtcdClient } from '../../test/support/etcd-client.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';

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

describe('etcd’s API on our endpoint', () => etcdApi(() => startEndpoint()));
describeOnEtcd('etcd’s API on etcd', () => etcdApi(onEtcd));
