// What OpenAPI tells of custom resources otherwise than of other kinds (apiextensions-apiserver, `pkg/controller/openapi`).
import { beforeAll, expect, it } from 'vitest';
import { establish, startCrdServer, until, version, widgets } from './testing.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
  readonly 'x-kubernetes-group-version-kind': object;
}
interface Document {
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties: Record<string, object>; readonly [key: string]: unknown }>>;
    readonly securitySchemes?: object;
  };
}

const PATH = '/apis/example.com/v1/namespaces/{namespace}/widgets';
let document: Document;
let v2: { readonly definitions: Readonly<Record<string, object>> };

beforeAll(async () => {
  await using server = await startCrdServer();
  const subresources = { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' } };
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', properties: { n: { type: 'integer', default: 3 } } } } };
  await establish(server, widgets({ versions: [version('v1', { subresources, schema: { openAPIV3Schema } })] }));
  document = (await until(server, '/openapi/v3/apis/example.com/v1', ({ status }) => status === 200)).json();
  v2 = (await until(server, '/openapi/v2', ({ text }) => text.includes('com.example.v1.Widget'))).json();
});

const names = ({ parameters = [] }: Operation): readonly string[] => parameters.map(({ name }) => name);
const operation = (path: string, method: string): Operation => {
  const found = document.paths[`${PATH}${path}`]?.[method];
  if (!found) throw new Error(`no ${method} of ${path}`);
  return found;
};

it('is in a document of a server of its own', () => {
  expect(document.info).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' });
  expect(document.components).not.toHaveProperty('securitySchemes');
});

it('a get takes a resourceVersion, a deletecollection what a list takes and no body, and a patch makes nothing', () => {
  expect(names(operation('/{name}', 'get'))).toContain('resourceVersion');
  expect(names(operation('', 'delete'))).toEqual(names(operation('', 'get')));
  expect(operation('', 'delete').requestBody).toBeUndefined();
  expect(Object.keys(operation('/{name}', 'patch').responses)).toEqual(['200', '401']);
  expect(Object.keys(operation('/{name}/status', 'patch').responses)).toEqual(['200', '401']);
});

it('a Scale is told as the kind that is scaled', () => {
  const kind = { group: 'example.com', version: 'v1', kind: 'Widget' };
  expect(operation('/{name}/scale', 'put')['x-kubernetes-group-version-kind']).toEqual(kind);
});

it('a list has no defaults, and options of deletes are of the versions that clients know', () => {
  const { items, metadata } = document.components.schemas['com.example.v1.WidgetList']?.properties ?? {};
  expect(items).toMatchObject({ items: { $ref: '#/components/schemas/com.example.v1.Widget' } });
  expect(metadata).not.toHaveProperty('default');
  const options = document.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'];
  const kinds = (options?.['x-kubernetes-group-version-kind'] ?? []) as { group: string }[];
  const groups = kinds.map(({ group }) => group);
  expect(groups).toContain('apps');
  expect(groups).not.toContain('apiextensions.k8s.io');
});

it('version 2 tells no defaults', () => {
  expect(document.components.schemas['com.example.v1.Widget']).toMatchObject({
    properties: { spec: { properties: { n: { default: 3 } } } },
  });
  expect(JSON.stringify(v2.definitions['com.example.v1.Widget'])).not.toContain('"default"');
});
