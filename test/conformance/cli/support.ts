// What tests of kubectl share: objects of upstream's manifests, and kubectl's proxy.
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { expect } from 'vitest';
import { waitFor } from '../../support/cluster.ts';
import { AGNHOST, type Scope, type World } from '../apps/world.ts';

/** `kubectl … -f -`. */
export const feed = async (scope: Scope, object: object, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await scope.world.kubectl.run(['-n', scope.namespace, ...args, '-f', '-'], {
    input: JSON.stringify(object),
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};

export const rc = (name: string, labels: Record<string, string>, container: object, replicas = 1) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name, labels },
  spec: {
    replicas,
    selector: labels,
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
  },
});
export const PRIMARY = { app: 'agnhost', role: 'primary' };
export const primary = rc('agnhost-primary', PRIMARY, {
  name: 'agnhost-primary',
  image: AGNHOST,
  ports: [{ name: 'agnhost-server', containerPort: 6379 }],
});
export const primaryService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'agnhost-primary', labels: PRIMARY },
  spec: { ports: [{ port: 6379, targetPort: 'agnhost-server' }], selector: PRIMARY },
};
export const aPod = (name: string, container: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { name } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name, ...container }] },
});
const NAUTILUS = 'registry.k8s.io/e2e-test-images/nautilus:1.7';
export const nautilus = rc(
  'update-demo-nautilus',
  { name: 'update-demo', version: 'nautilus' },
  { name: 'update-demo', image: NAUTILUS, ports: [{ containerPort: 80 }] },
  2,
);

/** Lines with these words, in this order. */
export function expectLines(text: string, wanted: readonly (readonly string[])[]): void {
  const lines = text.split('\n');
  let at = 0;
  for (const [first = '', ...others] of wanted) {
    while (at < lines.length && !lines[at]?.includes(first)) at += 1;
    expect(lines[at] ?? `no ${first} in:\n${text}`).toContain(first);
    for (const other of others) expect(lines[at]).toContain(other);
  }
}

/** Runs `kubectl proxy` until `use` is done with what it said. */
export async function withProxy<T>(world: World, args: readonly string[], use: (said: string) => Promise<T>): Promise<T> {
  const child = spawn(world.kubectl.binary, ['--kubeconfig', world.cluster.kubeconfig, 'proxy', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  try {
    await waitFor(
      () => /Starting to serve on/.test(said),
      60_000,
      () => `kubectl proxy said only: ${said}`,
    );
    return await use(said);
  } finally {
    child.kill();
    await ended;
  }
}

export const getOver = (where: { socketPath: string } | { port: number }, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...where, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject).end();
  });
