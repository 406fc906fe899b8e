// What upstream's conformance suite asks of kubectl (test/e2e/kubectl), with the newest kubectl of this machine, and what its other tests ask that need no
// cloud; docs/conformance.md says which test is which.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls, minorVersionOf } from '../support/cluster.ts';
import { BUSYBOX, HTTPD, inScope, type Json, PAUSE, startWorld, type World } from './apps/world.ts';
import { applies, describes, runsTheGuestbook, taintsAndMakesQuotas } from './cli/objects.ts';
import { readsLogs, runsAttached, runsCommands } from './cli/streams.ts';
import { aPod, feed, getOver, nautilus, primary, withProxy } from './cli/support.ts';

const minor = minorVersionOf(findKubectls().at(-1) ?? 'kubectl');

let world: World;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  world = await startWorld();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});
const theWorld = () => world;

describe.concurrent('kubectl', () => {
  it(
    'creates, scales and stops a replication controller that serves',
    inScope(theWorld, async (scope) => {
      await feed(scope, nautilus, 'create');
      const selector = 'name=update-demo';
      const serves = async (replicas: number) => {
        for (const { metadata } of await scope.running(selector, replicas)) {
          const data = await scope.until(`${metadata.name} did not answer`, () => scope.get('pods', metadata.name, 'proxy', 'data.json'));
          expect(data).toEqual({ image: 'nautilus.jpg' });
          const running =
            '--template={{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}';
          expect(await scope.kubectl('get', 'pods', metadata.name, '-o', 'template', running)).toBe('true');
        }
      };
      await serves(2);
      await scope.kubectl('scale', 'rc', 'update-demo-nautilus', '--replicas=1', '--timeout=5m');
      await serves(1);
      await scope.kubectl('scale', 'rc', 'update-demo-nautilus', '--replicas=2', '--timeout=5m');
      await serves(2);
      await feed(scope, nautilus, 'delete', '--grace-period=0', '--force');
      expect(await scope.kubectl('get', 'rc,svc', '-l', selector, '--no-headers')).toBe('');
      await scope.until(
        'pods stayed',
        () => scope.items('pods', selector),
        (pods) => pods.every(({ metadata }) => metadata.deletionTimestamp),
      );
    }),
  );

  it('runs the guestbook: what its front is told, its replicas know', inScope(theWorld, runsTheGuestbook));

  it(
    'tells of versions and of the cluster',
    inScope(theWorld, async (scope) => {
      expect((await scope.kubectl('api-versions')).split('\n')).toContain('v1');
      const version = await scope.kubectl('version');
      for (const word of ['Client Version:', 'Server Version:']) expect(version).toContain(word);
      const info = await scope.kubectl('cluster-info');
      for (const words of ['Kubernetes control plane', 'is running at']) expect(info).toContain(words);
      expect(await scope.kubectl('cluster-info', 'dump')).toContain('"kind": "EventList"');
      const components = (await scope.kubectl('get', 'componentstatuses', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
      for (const component of components) await scope.kubectl('get', 'componentstatuses', component);
    }),
  );

  it(
    'tells with diff what apply would change',
    inScope(theWorld, async (scope) => {
      const labels = { app: 'httpd' };
      const spec = {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'httpd', image: HTTPD }] } },
      };
      const deployment = (image: string) =>
        JSON.parse(JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'httpd' }, spec }).replace(HTTPD, image));
      await feed(scope, deployment(HTTPD), 'create');
      const { code, stdout } = await world.kubectl.run(['-n', scope.namespace, 'diff', '-f', '-'], {
        input: JSON.stringify(deployment(BUSYBOX)),
      });
      expect([code, stdout.includes(`-      - image: ${HTTPD}`), stdout.includes(`+      - image: ${BUSYBOX}`)]).toEqual([1, true, true]);
    }),
  );

  it(
    'changes nothing with a dry run on the server, and replaces the image of a pod',
    inScope(theWorld, async (scope) => {
      await scope.kubectl('run', 'httpd', `--image=${HTTPD}`, '--labels=run=httpd');
      const image = async () => (await scope.get('pods', 'httpd')).spec.containers[0].image;
      const replace = async (...args: string[]) => {
        const text = await scope.kubectl('get', 'pod', 'httpd', '-o', 'json');
        return await world.kubectl.run(['-n', scope.namespace, 'replace', '-f', '-', ...args], { input: text.replace(HTTPD, BUSYBOX) });
      };
      const change = JSON.stringify({ spec: { containers: [{ name: 'httpd', image: BUSYBOX }] } });
      await scope.kubectl('patch', 'pod', 'httpd', '-p', change, '--dry-run=server');
      await scope.until('the dry run was refused', async () => (await replace('--dry-run=server')).code === 0);
      expect(await image()).toBe(HTTPD);
      await scope.running('run=httpd', 1);
      await scope.until('the replacement was refused', async () => (await replace()).code === 0);
      expect(await image()).toBe(BUSYBOX);
    }),
  );

  it(
    'runs a pod from an image, never to be restarted',
    inScope(theWorld, async (scope) => {
      await scope.kubectl('run', 'httpd', '--restart=Never', `--image=${HTTPD}`);
      const { spec } = await scope.get('pods', 'httpd');
      expect([spec.containers.map(({ image }: Json) => image), spec.restartPolicy]).toEqual([[HTTPD], 'Never']);
    }),
  );

  // kubectl 1.20 asks for cron jobs by a version that is not served, and for a container where there are two.
  it.skipIf(minor < 25)('describes controllers, pods, services, nodes, namespaces and cron jobs', inScope(theWorld, describes));

  it(
    'exposes a replication controller, and the service that came of it',
    inScope(theWorld, async (scope) => {
      await feed(scope, primary, 'create');
      const [pod] = await scope.running('app=agnhost', 1);
      await scope.until(
        'the pod said nothing',
        () => scope.kubectl('logs', pod.metadata.name, 'agnhost-primary'),
        (text) => text.includes('Paused'),
      );
      const serves = async (name: string, port: number) => {
        const endpoints = await scope.eventually('endpoints', name, ({ subsets }) => subsets?.length === 1);
        expect(endpoints.subsets.map(({ addresses, ports }: Json) => [addresses.length, ports.map((one: Json) => one.port)])).toEqual([
          [1, [6379]],
        ]);
        const { ports } = (await scope.get('services', name)).spec;
        expect(ports.map((one: Json) => [one.port, one.targetPort])).toEqual([[port, 6379]]);
      };
      await scope.kubectl('expose', 'rc', 'agnhost-primary', '--name=rm2', '--port=1234', '--target-port=6379');
      await serves('rm2', 1234);
      await scope.kubectl('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379');
      await serves('rm3', 2345);
    }),
  );

  it(
    'labels a pod, and patches pods of a controller',
    inScope(theWorld, async (scope) => {
      await feed(scope, aPod('pause', { image: PAUSE }), 'create');
      await scope.kubectl('label', 'pods', 'pause', 'testing-label=testing-label-value');
      const shown = () => scope.kubectl('get', 'pod', 'pause', '-L', 'testing-label');
      expect(await shown()).toContain('testing-label-value');
      await scope.kubectl('label', 'pods', 'pause', 'testing-label-');
      expect(await shown()).not.toContain('testing-label-value');
      await feed(scope, primary, 'create');
      const [pod] = await scope.running('app=agnhost', 1);
      await scope.kubectl('patch', 'pod', pod.metadata.name, '-p', '{"metadata":{"annotations":{"x":"y"}}}');
      expect((await scope.get('pods', pod.metadata.name)).metadata.annotations).toMatchObject({ x: 'y' });
    }),
  );

  it.skipIf(minor < 25)('reads logs by lines, bytes, time and container', inScope(theWorld, readsLogs));

  it('serves the API on a port of its choice, and on a socket', async () => {
    const versions = await withProxy(world, ['-p', '0', '--disable-filter'], (said) =>
      getOver({ port: Number(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]) }, '/api/'),
    );
    expect(JSON.parse(versions).versions).toEqual(['v1']);
    const socketPath = join(directory, 'proxy');
    expect(JSON.parse(await withProxy(world, [`--unix-socket=${socketPath}`], () => getOver({ socketPath }, '/api'))).kind).toBe(
      'APIVersions',
    );
  });

  it('runs commands in a pod, with its input and its exit code, through a proxy too', inScope(theWorld, runsCommands));
  it('runs a pod and is attached to it, until its input ends or longer', inScope(theWorld, runsAttached));
  it('applies: changed selectors, ports that stay, the last configuration set and seen', inScope(theWorld, applies));
  it('taints nodes and makes quotas', inScope(theWorld, taintsAndMakesQuotas));
});
