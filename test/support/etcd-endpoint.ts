/** A store behind our own endpoint of etcd's API, in this process. */
import { type Clock, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { createEtcdEndpoint, type EtcdEndpoint, type EtcdEndpointOptions } from '../../store/endpoint/index.ts';
import { openMemoryStore, type Store } from '../../store/index.ts';
import { EtcdClient } from './etcd-client.ts';

export interface EndpointFixture extends AsyncDisposable {
  readonly store: Store;
  readonly endpoint: EtcdEndpoint;
  readonly url: string;
  readonly client: EtcdClient;
}

export interface EndpointSettings extends Partial<EtcdEndpointOptions> {
  readonly clock?: Clock;
}

export async function startEndpoint({ store: given, clock = systemClock, ...settings }: EndpointSettings = {}): Promise<EndpointFixture> {
  const store = given ?? (await openMemoryStore({ clock }));
  const endpoint = createEtcdEndpoint({
    store,
    listenClientUrls: ['http://127.0.0.1:0'],
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    ...settings,
  });
  await endpoint.start();
  const url = endpoint.url ?? '';
  const client = new EtcdClient(url);
  const dispose = async () => {
    client[Symbol.dispose]();
    await endpoint.stop();
    await store.close();
  };
  return { store, endpoint, url, client, [Symbol.asyncDispose]: dispose };
}
