// Logs, exec, run and attach, as upstream's tests of kubectl have them (test/e2e/kubectl/{kubectl,logs}.go).
import { expect } from 'vitest';
import { AGNHOST, BUSYBOX, HTTPD, type Scope } from '../apps/world.ts';
import { aPod, feed, withProxy } from './support.ts';

export async function readsLogs(scope: Scope): Promise<void> {
  await scope.kubectl(
    'run',
    'generator',
    `--image=${AGNHOST}`,
    '--restart=Never',
    '--',
    'logs-generator',
    '--log-lines-total',
    '100',
    '--run-duration',
    '20s',
  );
  const logs = (...args: string[]) => scope.kubectl('logs', 'generator', 'generator', ...args);
  await scope.until('no line of the namespace', logs, (text) => text.includes('/api/v1/namespaces/kube-system'));
  expect(await logs('--tail=1')).toMatch(
    /^I\d{4} \d\d:\d\d:\d\d\.\d{6} +1 logs_generator\.go:\d+\] \d+ (?:GET|POST|PUT) \/api\/v1\/namespaces\/\S+ \d{3}\n$/,
  );
  expect(await logs('--limit-bytes=1')).toBe('I');
  expect(await logs('--tail=1', '--timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z I\d{4} [^\n]*\n$/);
  const count = async (since: string) => (await logs(`--since=${since}`)).split('\n').length;
  await scope.until('all was recent', async () => (await count('1s')) < (await count('24h')));

  const container = (name: string, lines: number) => ({
    name,
    image: AGNHOST,
    command: ['sh', '-c', `/agnhost logs-generator --log-lines-total ${lines} --run-duration 1s && /agnhost pause`],
  });
  const labels = { app: 'two' };
  const annotations = { 'kubectl.kubernetes.io/default-container': 'container-2' };
  const template = {
    metadata: { labels, annotations },
    spec: { terminationGracePeriodSeconds: 0, containers: [container('container-1', 10), container('container-2', 20)] },
  };
  await feed(
    scope,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'two' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    },
    'create',
  );
  const [one, other] = (await scope.running('app=two', 2)).map(({ metadata }) => metadata.name);
  const lines = async (...args: string[]) =>
    (await scope.kubectl('logs', ...args)).split('\n').filter((line) => line.includes('logs_generator.go'));
  const counted = (wanted: number, ...args: string[]) =>
    scope.until(
      `never ${wanted} lines of ${args.join(' ')}`,
      () => lines(...args),
      (all) => all.length === wanted,
    );
  await counted(10, one, '-c', 'container-1');
  await counted(20, one);
  await counted(30, one, '--all-containers');
  // From 1.32 on kubectl knows all pods of a Deployment.
  if (scope.world.kubectl.minor < 32) return;
  const from = (text: readonly string[]) => [...new Set(text.map((line) => /^\[(\S+)\]/.exec(line)?.[1]))].sort();
  const sources = (...names: string[]) => [one, other].flatMap((pod) => names.map((name) => `pod/${pod}/${name}`)).sort();
  expect(from(await counted(40, 'deploy/two', '--all-pods'))).toEqual(sources('container-2'));
  expect(from(await counted(60, 'deploy/two', '--all-pods', '--all-containers'))).toEqual(sources('container-1', 'container-2'));
}

export async function runsCommands(scope: Scope): Promise<void> {
  const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1 };
  await feed(scope, aPod('httpd', { image: HTTPD, ports: [{ containerPort: 80 }], readinessProbe }), 'create');
  await scope.kubectl('wait', '--for=condition=Ready', 'pod/httpd', '--timeout=110s');
  const words = ['echo', 'running', 'in', 'container'];
  expect(await scope.kubectl('exec', 'httpd', '--', ...words)).toBe('running in container\n');
  expect(await scope.kubectl('exec', 'pod/httpd', '--', ...words)).toBe('running in container\n');
  const long = 'a'.repeat(20_000);
  expect(await scope.kubectl('exec', 'httpd', '--', 'echo', long)).toBe(`${long}\n`);
  const fed = (input: string, ...args: string[]) => scope.world.kubectl.run(['-n', scope.namespace, ...args], { input });
  expect(await fed('abcd1234', 'exec', '-i', 'httpd', '--', 'cat')).toMatchObject({ code: 0, stdout: 'abcd1234' });
  expect(await fed('echo hi\nexit\n', 'exec', '-i', 'httpd', '--', 'sh')).toMatchObject({ code: 0, stdout: 'hi\n' });
  expect((await fed('', 'exec', 'httpd', '--', '/bin/sh', '-c', 'exit 42')).code).toBe(42);
  const proxied = await withProxy(scope.world, ['-p', '0', '--disable-filter'], (said) => {
    const server = `--server=http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(said)?.[1]}`;
    return scope.kubectl(server, 'exec', 'httpd', '--', ...words);
  });
  expect(proxied).toBe('running in container\n');
  const run = (name: string, restart: string, script: string) =>
    fed(
      'abcd1234',
      'run',
      '-i',
      `--image=${BUSYBOX}`,
      `--restart=${restart}`,
      '--pod-running-timeout=110s',
      name,
      '--',
      '/bin/sh',
      '-c',
      script,
    );
  expect((await run('success', 'Never', 'exit 0')).code).toBe(0);
  expect((await run('failure-1', 'Never', 'exit 42')).code).toBe(42);
}

export async function runsAttached(scope: Scope): Promise<void> {
  const run = async (name: string, script: string, ...args: string[]) => {
    const argv = [
      '-n',
      scope.namespace,
      'run',
      name,
      `--image=${BUSYBOX}`,
      '--restart=OnFailure',
      '--attach=true',
      ...args,
      '--',
      'sh',
      '-c',
      script,
    ];
    const { code, stdout, stderr } = await scope.world.kubectl.run(argv, { input: 'value\nabcd1234\n' });
    expect([code, stderr]).toEqual([0, expect.anything()]);
    return stdout;
  };
  const read = 'while [ -z "$s" ]; do read s; sleep 1; done; echo read:$s && cat && echo "stdin closed"';
  const said = await run('run-test', read, '--stdin');
  for (const text of ['read:value', 'abcd1234', 'stdin closed']) expect(said).toContain(text);
  const unfed = await run('run-test-2', 'sleep 3; cat && echo "stdin closed"', '--leave-stdin-open=true');
  expect([unfed.includes('abcd1234'), unfed.includes('stdin closed')]).toEqual([false, true]);
  await run('run-test-3', 'cat && echo "stdin closed"', '--leave-stdin-open=true', '--stdin');
  await scope.running('run=run-test-3', 1);
  const logs = await scope.until(
    'the input was not in the log',
    () => scope.kubectl('logs', 'run-test-3'),
    (text) => text.includes('abcd1234'),
  );
  expect(logs).not.toContain('stdin closed');
  await scope.kubectl(
    'run',
    'last',
    `--image=${BUSYBOX}`,
    '--restart=OnFailure',
    '--',
    'sh',
    '-c',
    'sleep 2; seq 100 | while read i; do echo $i; sleep 0.01; done; echo EOF',
  );
  // It may be through before somebody looks.
  await scope.until(
    'it never ran',
    () => scope.get('pods', 'last'),
    ({ status }) => ['Running', 'Succeeded'].includes(status.phase),
  );
  expect(await scope.kubectl('logs', '-f', 'last')).toMatch(/\n100\nEOF\n$/);
}
