// What kubectl leans on the API machinery for, with every kubectl on this machine: apply in both ways, diff, edit, explain, chunks, watches.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { findKubectls, type Kubectl, kubectlOf } from '../support/cluster.ts';

let directory: string;
let server: ApiServerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  server = await startApiServerProcess(directory);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const deployment = (image: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] },
      },
    },
  });

/** kubectl in a namespace of its own. */
async function inNamespace(binary: string, purpose: string): Promise<Kubectl> {
  const use = kubectlOf(binary, server.kubeconfig);
  const namespace = `${purpose}-${findKubectls().indexOf(binary)}`;
  await use('create', 'namespace', namespace);
  const inside = (args: readonly string[]) => ['-n', namespace, ...args];
  const call = (...args: string[]) => use(...inside(args));
  const run: Kubectl['run'] = (args, options) => use.run(inside(args), options);
  const until: Kubectl['until'] = (args, wanted) => use.until(inside(args), wanted);
  return Object.assign(call, { run, until, binary, minor: use.minor });
}

describe.each(findKubectls())(
  '%s',
  (binary) => {
    it('applies from the client, then from the server, and its ownership moves', async () => {
      const use = await inNamespace(binary, 'apply');
      const withBody = async (args: readonly string[], image: string) => {
        const { code, stdout, stderr } = await use.run([...args, '-f', '-'], { input: deployment(image) });
        return { code, text: stdout + stderr };
      };
      const image = () => use('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
      expect(await withBody(['apply'], 'nginx')).toEqual({ code: 0, text: 'deployment.apps/web created\n' });
      expect(await withBody(['apply'], 'nginx')).toEqual({ code: 0, text: 'deployment.apps/web unchanged\n' });
      // Differences are told, and nothing is changed by the question.
      const diff = await withBody(['diff'], 'nginx:2');
      expect(diff.code).toBe(1);
      expect(diff.text).toMatch(/^-\s+- image: nginx$/m);
      expect(diff.text).toMatch(/^\+\s+- image: nginx:2$/m);
      expect(await image()).toBe('nginx');
      expect(await withBody(['apply'], 'nginx:2')).toEqual({ code: 0, text: 'deployment.apps/web configured\n' });
      const ofServer = await withBody(['diff', '--server-side'], 'nginx:3');
      expect(ofServer.code).toBe(1);
      expect(ofServer.text).toMatch(/^\+\s+- image: nginx:3$/m);
      // Who applied from the client may go on from the server: no conflict with itself.
      const moved = await withBody(['apply', '--server-side'], 'nginx:3');
      expect(moved).toEqual({ code: 0, text: 'deployment.apps/web serverside-applied\n' });
      expect(await image()).toBe('nginx:3');
      const managers = await use(
        'get',
        'deployment',
        'web',
        '-o',
        'jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation} {end}',
      );
      expect(managers).toContain('kubectl/Apply');
      if (use.minor >= 26) expect(managers).not.toContain('kubectl-client-side-apply'); // older ones leave it there
      // Somebody else's field is a conflict that says whose, until it is forced.
      await use('set', 'image', 'deployment/web', 'web=nginx:4');
      const conflict = await withBody(['apply', '--server-side'], 'nginx:5');
      expect(conflict.code).not.toBe(0);
      expect(conflict.text).toContain('.spec.template.spec.containers[name="web"].image');
      expect((await withBody(['apply', '--server-side', '--force-conflicts'], 'nginx:5')).code).toBe(0);
      expect(await image()).toBe('nginx:5');
    });

    it('edits, replaces by force and refuses what it does not know', async () => {
      const use = await inNamespace(binary, 'edit');
      await use('create', 'configmap', 'settings', '--from-literal=colour=blue');
      const editor = join(directory, 'editor.sh');
      writeFileSync(editor, '#!/bin/sh\nsed -i "s/blue/green/" "$1"\n', { mode: 0o755 });
      const edited = await use.run(['edit', 'configmap', 'settings'], { env: { KUBE_EDITOR: editor } });
      expect(edited.stdout + edited.stderr).toContain('configmap/settings edited');
      expect(await use('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('green');
      const uid = () => use('get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.uid}');
      const before = await uid();
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { colour: 'red' } });
      const replaced = await use.run(['replace', '--force', '-f', '-'], { input: body });
      expect(replaced.stdout).toContain('configmap/settings replaced');
      expect(await uid()).not.toBe(before);
      const wrong = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wrong' }, dta: { colour: 'red' } });
      const strict = await use.run(['create', use.minor < 25 ? '--validate=true' : '--validate=strict', '-f', '-'], { input: wrong });
      expect(strict.code).not.toBe(0);
      expect(strict.stderr).toContain('unknown field "dta"');
    });

    it('explains every field, lists in chunks and orders, and watches', async () => {
      const use = await inNamespace(binary, 'read');
      const explained = await use('explain', 'deployment', '--recursive');
      expect(explained).toMatch(/\bsuccessThreshold\b/);
      expect(explained.split('\n').length).toBeGreaterThan(1000);
      expect(await use('explain', 'deployment.spec.strategy.rollingUpdate.maxSurge')).toMatch(/DESCRIPTION:\s+\S+/);
      for (let i = 1; i <= 5; i++) await use('create', 'configmap', `c${i}`, `--from-literal=order=${6 - i}`);
      const ordered = await use('get', 'configmaps', '--chunk-size=2', '--sort-by=.data.order', '-o', 'name');
      expect(ordered.match(/c\d/g)).toEqual(['c5', 'c4', 'c3', 'c2', 'c1']);
      expect(await use('get', 'configmap', 'c1', '-o', 'custom-columns=NAME:.metadata.name,ORDER:.data.order')).toBe(
        'NAME   ORDER\nc1     5\n',
      );
      const watching = spawn(binary, [
        ...['--kubeconfig', server.kubeconfig, '-n', `read-${findKubectls().indexOf(binary)}`],
        ...['get', 'configmap', 'c1', '-w', '-o', 'jsonpath={.data.order} '],
      ]);
      try {
        let seen = '';
        watching.stdout.setEncoding('utf8').on('data', (text: string) => {
          seen += text;
        });
        await expect.poll(() => seen).toBe('5 ');
        await use('patch', 'configmap', 'c1', '--type=merge', '-p', '{"data":{"order":"9"}}');
        await expect.poll(() => seen).toBe('5 9 ');
      } finally {
        watching.kill();
      }
    });
  },
  300_000,
);
