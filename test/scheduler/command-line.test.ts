import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coordinationKinds, type Lease } from '../../api/index.ts';
import { createClient, loadKubeconfig } from '../../client/index.ts';
import { type ReadyMessage, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { ROOT } from '../support/sources.ts';

/** A scheduler's process: what it says, and where it serves. */
interface Running extends AsyncDisposable {
  readonly url: string;
  readonly output: string;
}

const start = (args: readonly string[]): ChildProcess =>
  fork(join(ROOT, 'dist/cli/main.js'), ['scheduler', ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });

function said(child: ChildProcess): { readonly text: string } {
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output.text += text;
    });
  return output;
}

async function run(args: readonly string[]): Promise<Running> {
  const child = start(args);
  const output = said(child);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the scheduler ended with ${code}: ${output.text}`)));
    child.once('message', (message: ReadyMessage) => resolve(message.url ?? ''));
  });
  return {
    url,
    get output() {
      return output.text;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function ended(args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const child = start(args);
  const output = said(child);
  const [code] = await once(child, 'close');
  return { code: Number(code), text: output.text };
}

let directory: string;
let server: ApiServerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-command-line-'));
  server = await startApiServerProcess(directory);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Who leads, by the Lease of a name. */
async function holderOf(name: string): Promise<string | undefined> {
  const random = seededRandom(1);
  const client = createClient({
    ...loadKubeconfig(server.kubeconfig),
    userAgent: 'test',
    clock: systemClock,
    random,
    logger: silentLogger,
  });
  try {
    const leases = await client.resource<Lease>(coordinationKinds.leases).list({ namespace: 'kube-system' });
    return leases.items.find(({ metadata }) => metadata.name === name)?.spec?.holderIdentity;
  } finally {
    await client.close();
  }
}

/** What anybody is told at a URL. */
async function textOf(url: string): Promise<string> {
  const [answer] = (await once(get(url, { rejectUnauthorized: false, agent: false }), 'response')) as [IncomingMessage];
  return readText(answer);
}

/** The port that upstream has may be another's on this machine. */
const ANY_PORT = '--secure-port-fallback';

describe('the command line of upstream’s kube-scheduler', () => {
  test('that kubeadm 1.34 writes is taken', async () => {
    const kubeconfig = server.kubeconfig;
    await using scheduler = await run([
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=true',
      ANY_PORT,
    ]);
    expect(scheduler.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    await expect.poll(() => holderOf('kube-scheduler')).toMatch(/./);
    expect(scheduler.output).not.toContain('option has no effect here');
  });

  test('is taken whole: what means nothing here is told of, option by option', async () => {
    const ignored = [
      '--authentication-token-webhook-cache-ttl=10s',
      '--authorization-webhook-cache-authorized-ttl=10s',
      '--authorization-webhook-cache-unauthorized-ttl=10s',
      '--contention-profiling=true',
      '--disable-http2-serving=false',
      '--emulated-version=kube=1.34',
      '--emulation-forward-compatible=false',
      '--feature-gates=SchedulerAsyncPreemption=true,ContextualLogging=true',
      '--http2-max-streams-per-connection=100',
      '--kube-api-content-type=application/vnd.kubernetes.protobuf',
      '--log-flush-frequency=5s',
      '--log-json-info-buffer-size=0',
      '--log-json-split-stream=false',
      '--log-text-info-buffer-size=0',
      '--log-text-split-stream=false',
      '--logging-format=json',
      '--permit-address-sharing=false',
      '--permit-port-sharing=false',
      '--profiling=false',
      '--vmodule=file=2',
    ];
    await using scheduler = await run([
      `--kubeconfig=${server.kubeconfig}`,
      '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics',
      `--cert-dir=${directory}`,
      `--client-ca-file=${join(directory, 'pki/ca.crt')}`,
      '--kube-api-burst=100',
      '--kube-api-qps=50',
      '--leader-elect=true',
      '--leader-elect-lease-duration=15s',
      '--leader-elect-renew-deadline=10s',
      '--leader-elect-resource-lock=leases',
      '--leader-elect-resource-name=another-scheduler',
      '--leader-elect-resource-namespace=kube-system',
      '--leader-elect-retry-period=2s',
      `--master=${server.url}`,
      '--pod-max-in-unschedulable-pods-duration=5m0s',
      '--authentication-skip-lookup=false',
      '--authentication-tolerate-lookup-failure=true',
      '--requestheader-allowed-names=front-proxy-client',
      `--requestheader-client-ca-file=${join(directory, 'pki/front-proxy-ca.crt')}`,
      '--requestheader-extra-headers-prefix=x-remote-extra-',
      '--requestheader-group-headers=x-remote-group',
      '--requestheader-uid-headers=x-remote-uid',
      '--requestheader-username-headers=x-remote-user',
      '--tls-cipher-suites=TLS_AES_128_GCM_SHA256',
      '--tls-min-version=VersionTLS12',
      `--tls-sni-cert-key=${join(directory, 'pki/apiserver.crt')},${join(directory, 'pki/apiserver.key')}`,
      ANY_PORT,
      "--allow-metric-labels=metric1,label1='v1,v2'",
      '--allow-metric-labels-manifest=labels.yaml',
      '--disabled-metrics=scheduler_pending_pods',
      '--show-hidden-metrics-for-version=1.33',
      '-v=2',
      ...ignored,
    ]);
    await expect.poll(() => holderOf('another-scheduler')).toMatch(/./);
    const told = () => [...scheduler.output.matchAll(/"option":"([^"]+)"/g)].map(([, option]) => option).toSorted();
    await expect.poll(told).toEqual(ignored.map((option) => option.split('=')[0]).toSorted());
    const metrics = await textOf(`${scheduler.url}/metrics`);
    expect(metrics).toMatch(/^disabled_metrics_total 1$/m);
    expect(metrics).toMatch(/^version_info\{component="kube",/m);
    expect(metrics).not.toContain('scheduler_pending_pods');
  });

  test('writes its configuration for who asks, and ends', async () => {
    const file = join(directory, 'written.yaml');
    const args = [`--kubeconfig=${server.kubeconfig}`, '--leader-elect-lease-duration=20s'];
    expect(await ended([...args, `--write-config-to=${file}`])).toMatchObject({ code: 0 });
    const written = readFileSync(file, 'utf8');
    expect(written).toContain(`  kubeconfig: ${server.kubeconfig}\n`);
    expect(written).toContain('  leaseDuration: 20s\n');
    const nowhere = await ended([...args, '--write-config-to=/no/such/file']);
    expect([nowhere.code, nowhere.text]).toEqual([
      1,
      "nanokube: --write-config-to: ENOENT: no such file or directory, open '/no/such/file'\n",
    ]);
  });

  test.each([
    [['--no-such-option'], 'unknown option --no-such-option; --help lists the options there are'],
    [['--leader-elect-resource-lock=endpoints'], 'option --leader-elect-resource-lock takes leases, not "endpoints"'],
    [['--feature-gates=OpportunisticBatching=true'], 'option --feature-gates: unrecognized feature gate: OpportunisticBatching'],
    [
      ['--feature-gates=SchedulerQueueingHints=false'],
      'option --feature-gates: cannot set feature gate SchedulerQueueingHints to false, feature is locked to true',
    ],
    [
      ['--show-hidden-metrics-for-version=1.30'],
      "--show-hidden-metrics-for-version must be omitted or have the value '1.33'. Only the previous minor version is allowed",
    ],
    [['--profiling=perhaps'], 'option --profiling takes true or false, not "perhaps"'],
  ])('says what is wrong with %j', async (args, why) => {
    const { code, text } = await ended(args);
    const lines = text.split('\n').filter((line) => !line.includes('"msg":"option has no effect here"'));
    expect([code, lines]).toEqual([2, [`nanokube: ${why}`, '']]);
  });
});
