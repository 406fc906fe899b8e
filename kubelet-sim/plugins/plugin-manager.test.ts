import { afterEach, expect, test } from 'vitest';
import { handling, UnaryServer } from '../../runtime/grpc.ts';
import { listenOnSocket } from '../runtime/simulated/files/sockets.ts';
import { TestNode } from '../testing/node-harness.ts';
import { REGISTRATION } from './registration.ts';

const REGISTRY = '/var/lib/kubelet/plugins_registry';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Registrar {
  readonly type: string;
  readonly name: string;
  readonly versions?: readonly string[];
}

/** A node on whose socket a driver tells of itself: what the kubelet makes of it. */
async function registered(path: string, { type, name, versions = ['1.0.0'] }: Registrar) {
  const node = new TestNode();
  const files = await node.runtime.nodeFiles();
  const told: string[] = [];
  const server = new UnaryServer([
    handling(REGISTRATION.getInfo, () => ({ type, name, endpoint: '', supportedVersions: versions })),
    handling(REGISTRATION.notifyRegistrationStatus, ({ pluginRegistered, error }) => {
      told.push(`${pluginRegistered} ${error}`);
      return {};
    }),
  ]);
  await files.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  const stop = await listenOnSocket(files, path, server);
  closing.push(
    stop,
    () => server.close(),
    () => node.plugins?.close(),
  );
  for (let i = 0; i < 16; i++) await node.pass(0.1);
  return { node, told };
}

test.each([
  [{ type: 'Toaster', name: 'x' }, 'RegisterPlugin error -- no handler registered for plugin type: Toaster at socket PATH'],
  [
    { type: 'DRAPlugin', name: 'x', versions: [] },
    'RegisterPlugin error -- plugin validation failed with err: invalid supported gRPC versions of DRA driver plugin x at endpoint PATH: empty list of supported gRPC services (aka supported versions)',
  ],
  [
    { type: 'DRAPlugin', name: 'x', versions: ['v1alpha4'] },
    'RegisterPlugin error -- plugin validation failed with err: invalid supported gRPC versions of DRA driver plugin x at endpoint PATH: none of services supported by the plugin (["v1alpha4"]) are supported by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])',
  ],
  [
    { type: 'CSIPlugin', name: 'x', versions: ['2.0.0'] },
    'RegisterPlugin error -- plugin validation failed with err: kubernetes.io/csi: ValidatePlugin for CSI driver "x" failed. None of the versions specified ["2.0.0"] are supported. err=could not find a highest supported version from versions ([2.0.0]) reported: <nil>',
  ],
  [
    { type: 'CSIPlugin', name: 'x' },
    'RegisterPlugin error -- plugin registration failed with err: rpc error: code = Unimplemented desc = unknown method NodeGetInfo for service csi.v1.Node',
  ],
])('a driver that is not taken is told why: %j', async (registrar, why) => {
  const path = `${REGISTRY}/x-reg.sock`;
  const { told } = await registered(path, registrar);
  expect(told[0]).toBe(`false ${why.replace('PATH', path)}`);
});

test('sockets below the directory count, those that are hidden do not', async () => {
  expect((await registered(`${REGISTRY}/deep/x.sock`, { type: 'Toaster', name: 'x' })).told).not.toEqual([]);
  expect((await registered(`${REGISTRY}/.x.sock`, { type: 'Toaster', name: 'x' })).told).toEqual([]);
});
