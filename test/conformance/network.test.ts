import { afterAll, beforeAll, describe } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { dns } from './network/dns.ts';
import { objects } from './network/objects.ts';
import { pods, proxy } from './network/pods-and-proxy.ts';
import { policies } from './network/policies.ts';
import { services } from './network/services.ts';
import { traffic } from './network/traffic.ts';
import { World } from './network/world.ts';

// What upstream's conformance suite asks of sig-network (`test/e2e/network`, `test/e2e/common/network`), on one cluster of real processes.

let cluster: TestCluster;
let world: World;

beforeAll(async () => {
  cluster = await startCluster({ args: ['--ephemeral'] });
  world = new World(cluster.kubeconfig);
});

afterAll(async () => {
  world?.close();
  await cluster?.[Symbol.asyncDispose]();
});

const given = () => world;

describe('services', () => services(given));
describe('DNS', () => dns(given));
describe('pods and nodes', () => pods(given));
describe('proxies', () => proxy(given));
describe('objects', () => objects(given));
describe('network policies', () => policies(given));
describe('traffic of services', () => traffic(given));
