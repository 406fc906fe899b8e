// What the API server's options say of metrics and traces.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { attributesOf, Collector, named } from '../support/otlp-collector.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startWebhookServer } from '../support/webhook-server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const traced = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
const stack: AsyncDisposable[] = [];
let server: ApiServerProcess;
let collector: Collector;

beforeAll(async () => {
  const directory = await tempDirectory();
  collector = await Collector.open();
  const tracing = join(directory.path, 'tracing.yaml');
  writeFileSync(tracing, `apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\nendpoint: ${collector.endpoint}\n`);
  server = await startApiServer({
    args: [
      ...['--ephemeral', '--log-level=error', `--tracing-config-file=${tracing}`, '--show-hidden-metrics-for-version=1.33'],
      ...['--disabled-metrics=apiserver_response_sizes', '--allow-metric-labels=apiserver_request_total,verb=GET,LIST'],
    ],
  });
  stack.push(directory, collector, server);
});
afterAll(async () => {
  for (const each of stack.reverse()) await each[Symbol.asyncDispose]();
});

it('metrics are told as the options say', async () => {
  await server.call('POST', '/api/v1/namespaces', { metadata: { name: 'blue' } });
  const { text } = await server.call('GET', '/metrics');
  expect(text).not.toContain('apiserver_response_sizes');
  expect(text).toContain('# HELP apiserver_request_slo_duration_seconds [ALPHA] (Deprecated since 1.27.0) ');
  expect(text).toMatch(/^apiserver_request_total\{verb="unexpected",.*resource="namespaces"/m);
  expect(text).not.toMatch(/^apiserver_request_total\{verb="POST"/m);
  expect(text).toMatch(/^disabled_metrics_total 1$/m);
  expect(text).toMatch(/^kube_apiserver_clusterip_allocator_allocation_total\{cidr="10.96.0.0\/16",scope="static"\} 1$/m);
});

it('a webhook is asked as a part of the trace', async () => {
  await using hooks = await startWebhookServer();
  hooks.serve('/look', () => ({ allowed: true }));
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }];
  const configured = await server.call('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name: 'looks' },
    webhooks: [
      {
        name: 'look.example.com',
        clientConfig: { url: `${hooks.url}/look`, caBundle: hooks.caBundle },
        rules,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  expect(configured.status).toBe(201);
  await server.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } }, traced);
  const asked = 'Call validating webhook';
  await expect.poll(() => collector.spans.map(({ name }) => name)).toContain(asked);
  const span = named(collector.spans, asked);
  expect(attributesOf(span)).toMatchObject({ configuration: 'looks', webhook: 'look.example.com', resource: '/v1, Resource=configmaps' });
  expect(span.events.map(({ name }) => name)).toEqual(['Request completed']);
  expect(hooks.callers.map(({ traceparent }) => traceparent)).toEqual([`00-${TRACE}-${span.spanId.toString('hex')}-01`]);
});
