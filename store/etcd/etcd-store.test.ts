/** The store contract, and random work, on the etcd driver against a real etcd. */
import { systemClock } from '../../runtime/index.ts';
import { storeContract } from '../../test/contract/store-contract.ts';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import type { StoreFixture } from '../../test/support/store-steps.ts';
import { openEtcdStore } from '../index.ts';

async function open(): Promise<StoreFixture> {
  const member = await startEtcd();
  const store = await openEtcdStore({ endpoints: [member.clientUrl] });
  return {
    store,
    pass: (seconds) => systemClock.sleep(seconds * 1000),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await member[Symbol.asyncDispose]();
    },
  };
}

describeOnEtcd('on a real etcd', () => storeContract('etcd', open));
