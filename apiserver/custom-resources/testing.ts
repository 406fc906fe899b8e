// A server that knows CustomResourceDefinitions, for tests.
import type { KubeObject } from '../../api/index.ts';
import { createDiscovery } from '../discovery/index.ts';
import { createOpenApi } from '../openapi/index.ts';
import { ruleChecks } from '../schema-rules/index.ts';
import { customResourceDefinitionStrategy } from '../strategies/apiextensions/custom-resource-definition.ts';
import { plainStrategy, startTestServer, type TestAnswer, type TestServer, type TestServerOptions } from '../testing/test-server.ts';

export type Json = KubeObject & Record<string, unknown>;

export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';

const SCHEMA = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { a: { type: 'string' }, n: { type: 'integer' } } },
    status: { type: 'object', properties: { phase: { type: 'string' }, replicas: { type: 'integer' }, selector: { type: 'string' } } },
  },
};

/** A version of {@link widgets}. */
export const version = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: SCHEMA },
  ...more,
});

/** The definition of widgets.example.com. */
export const widgets = (spec: Record<string, unknown> = {}) => definition({ plural: 'widgets', singular: 'widget', kind: 'Widget' }, spec);

export const definition = (names: Record<string, unknown>, spec: Record<string, unknown> = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${names.plural}.example.com` },
  spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version('v1')], ...spec },
});

export const widget = (name: string, spec: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
});

/** A server with definitions, and ConfigMaps beside them. */
export const startCrdServer = (options: Partial<TestServerOptions> = {}): Promise<TestServer> =>
  startTestServer({
    strategies: {
      'apiextensions.k8s.io/customresourcedefinitions': customResourceDefinitionStrategy(ruleChecks),
      '/configmaps': plainStrategy(),
      '/services': plainStrategy(),
      '/endpoints': plainStrategy(),
    },
    documents: ({ kinds }) => ({
      discovery: createDiscovery({ kinds: () => kinds.infos(), serverAddress: () => '' }),
      openapi: createOpenApi({ kinds: () => kinds.published() }),
    }),
    ...options,
  });

/** Asks again until an answer is as it should be. */
export async function until(server: TestServer, path: string, holds: (answer: TestAnswer) => boolean, waitMs = 5000): Promise<TestAnswer> {
  const { clock } = server;
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const answer = await server.request('GET', path);
    if (holds(answer)) return answer;
    if (clock.monotonic() > deadline) throw new Error(`${path} is still ${answer.status} ${answer.text}`);
    await clock.sleep(5);
  }
}

const conditionOf = (crd: Json, type: string): { status?: string } | undefined =>
  (crd.status as { conditions?: { type: string; status: string }[] }).conditions?.find((each) => each.type === type);

/** Creates a definition and waits until it is established. */
export async function establish(server: TestServer, crd: { metadata: { name: string } }): Promise<Json> {
  const created = await server.request('POST', CRDS, { body: crd });
  if (created.status !== 201) throw new Error(created.text);
  const path = `${CRDS}/${crd.metadata.name}`;
  return (await until(server, path, (answer) => conditionOf(answer.json(), 'Established')?.status === 'True')).json();
}

export const gone = ({ status }: TestAnswer): boolean => status === 404;

/** Merges a patch into an object. */
export const patch = (server: TestServer, path: string, body: unknown, type = 'application/merge-patch+json'): Promise<TestAnswer> =>
  server.request('PATCH', path, { body, headers: { 'content-type': type } });
