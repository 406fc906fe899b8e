// Who one is, what one may, and Secrets that are written again, with every kubectl on this machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { findKubectls, type Kubectl, kubectlOf, needsKubectl } from '../support/cluster.ts';

needsKubectl();

let directory: string;
let server: ApiServerProcess;
let config: string;

const encryptWith = (...names: readonly string[]) => {
  const keys = names.map((name) => ({ name, secret: Buffer.alloc(32, name).toString('base64') }));
  const resources = [{ resources: ['secrets'], providers: [{ aesgcm: { keys } }, { identity: {} }] }];
  writeFileSync(config, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources }));
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  config = join(directory, 'encryption.yaml');
  encryptWith('one');
  server = await startApiServerProcess(directory, [`--encryption-provider-config=${config}`]);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** kubectl that did what it was told. */
async function done(use: Kubectl, args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await use.run(args, input ? { input: JSON.stringify(input) } : {});
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

describe.each(findKubectls())('%s', (binary) => {
  const user = `alice-${findKubectls().indexOf(binary)}`;

  it('asks what one may, and has roles put right', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const may = async (...args: readonly string[]) => (await use.run(['auth', 'can-i', ...args, `--as=${user}`])).stdout.trim();
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: user, namespace: 'default' } };
    const roleOf = (...verbs: readonly string[]) => ({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { ...rbac, kind: 'Role', rules: [{ apiGroups: [''], resources: ['pods'], verbs }] },
        {
          ...rbac,
          kind: 'RoleBinding',
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
        },
      ],
    });
    expect(await may('list', 'pods')).toBe('no');
    await done(use, ['auth', 'reconcile', '-f', '-'], roleOf('get', 'list'));
    expect([await may('list', 'pods'), await may('watch', 'pods'), await may('get', 'pods', '--subresource=log')]).toEqual([
      'yes',
      'no',
      'no',
    ]);
    await done(use, ['auth', 'reconcile', '-f', '-'], roleOf('watch'));
    expect(await may('watch', 'pods')).toBe('yes');
    const list = await done(use, ['auth', 'can-i', '--list', '-n', 'default', `--as=${user}`]);
    expect(list).toMatch(/^pods +\[\] +\[\] +\[get list watch\]$/m);
    expect(list).toMatch(/^selfsubjectreviews\.authentication\.k8s\.io +\[\] +\[\] +\[create\]$/m);
  });

  it('says who one is', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const args = ['auth', 'whoami', '-o', 'json', `--as=${user}`, '--as-group=devs'];
    if (binary.endsWith('.1.27')) {
      // It asks for versions that Kubernetes 1.34 does not serve.
      expect((await use.run(args)).stderr).toContain('the selfsubjectreviews API is not enabled in the cluster');
      return;
    }
    const stdout = await done(use, args);
    expect(JSON.parse(stdout).status.userInfo).toMatchObject({ username: user, groups: ['devs', 'system:authenticated'] });
  });
});

it('writes every Secret again with the new key, as the documents say', async () => {
  const [binary] = findKubectls();
  const use = kubectlOf(binary ?? 'kubectl', server.kubeconfig);
  await done(use, ['create', 'secret', 'generic', 'kept', '--from-literal=password=hidden']);
  encryptWith('two', 'one');
  await server.stopAndRestart();
  const before = JSON.parse(await done(use, ['get', 'secrets', '-A', '-o', 'json']));
  await done(use, ['replace', '-f', '-'], before);
  encryptWith('two');
  await server.stopAndRestart();
  const after = JSON.parse(await done(use, ['get', 'secret', 'kept', '-o', 'json']));
  expect(Buffer.from(after.data.password, 'base64').toString()).toBe('hidden');
});
