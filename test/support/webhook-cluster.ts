/** A real API server and a real webhook server, with what tests of webhooks do over and over. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiAnswer, type ApiServerProcess, startApiServer } from './api-server.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';

/** A webhook of a configuration, as far as a test says it. */
export interface WebhookFields {
  readonly [field: string]: unknown;
  /** The path it is at; by its name unless given. */
  readonly path?: string;
}

export interface WebhookCluster extends AsyncDisposable {
  readonly api: ApiServerProcess;
  readonly hooks: WebhookServer;
  /** Makes an object, which must work. */
  make(path: string, body: object): Promise<ApiAnswer>;
  /** Configures webhooks for a namespace of the same name, which it makes. */
  mutating(name: string, ...webhooks: readonly WebhookFields[]): Promise<void>;
  validating(name: string, ...webhooks: readonly WebhookFields[]): Promise<void>;
  configMap(namespace: string, name: string, more?: object, query?: string): Promise<ApiAnswer>;
  /** The audit annotations of the last request to a path. */
  annotations(path: string): Record<string, string>;
}

/** Requests for ConfigMaps. */
export const CONFIG_MAPS = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

export async function startWebhookCluster(args: readonly string[] = []): Promise<WebhookCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-webhooks-'));
  const policy = join(directory, 'audit-policy.yaml');
  const log = join(directory, 'audit.log');
  writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: RequestResponse}]\n');
  const hooks = await startWebhookServer();
  const api = await startApiServer({ args: ['--ephemeral', `--audit-policy-file=${policy}`, `--audit-log-path=${log}`, ...args] });
  const make = async (path: string, body: object) => {
    const answer = await api.call('POST', path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
    return answer;
  };
  const configure = async (kind: string, name: string, webhooks: readonly WebhookFields[]) => {
    const present = await api.call('GET', `/api/v1/namespaces/${name}`);
    if (present.status === 404) await make('/api/v1/namespaces', { metadata: { name } });
    const full = webhooks.map(({ path, ...more }, index) => ({
      name: `hook-${index}.example.com`,
      clientConfig: { url: `${hooks.url}${path ?? `/${name}/${index}`}`, caBundle: hooks.caBundle },
      rules: [CONFIG_MAPS],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...more,
    }));
    await make(`${GROUP}/${kind}webhookconfigurations`, { metadata: { name }, webhooks: full });
  };
  return {
    api,
    hooks,
    make,
    mutating: (name, ...webhooks) => configure('mutating', name, webhooks),
    validating: (name, ...webhooks) => configure('validating', name, webhooks),
    configMap: (namespace, name, more = {}, query = '') =>
      api.call('POST', `/api/v1/namespaces/${namespace}/configmaps${query}`, { metadata: { name }, ...more }),
    annotations: (path) => {
      const events = readFileSync(log, 'utf8').trim().split('\n');
      const found = events.map((line) => JSON.parse(line)).filter(({ requestURI }) => requestURI === path);
      return found.at(-1)?.annotations ?? {};
    },
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await hooks[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
