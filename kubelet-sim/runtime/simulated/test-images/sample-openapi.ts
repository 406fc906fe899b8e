// What Kubernetes' sample API server says of its kinds in OpenAPI 3: enough for `kubectl explain` and for clients that check what they send.
import { GROUP, kindsOf, type SampleKind, VERSIONS } from './sample-versions.ts';

const TEXT = { type: 'string' };
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const ref = (name: string) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }], default: {} });

/** The fields of a spec or of a kind, by version and kind. */
const FIELDS: Readonly<Record<string, object>> = {
  'v1alpha1 Flunder': { spec: objectOf({ reference: TEXT, referenceType: TEXT }), status: objectOf({}) },
  'v1beta1 Flunder': {
    spec: objectOf({ flunderReference: TEXT, fischerReference: TEXT, referenceType: TEXT }),
    status: objectOf({}),
  },
  'v1alpha1 Fischer': { disallowedFlunders: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'atomic' } },
};

/** What has no properties does not say so: Go's types read `{}` and write nothing. */
function objectOf(properties: object): object {
  return Object.keys(properties).length > 0 ? { type: 'object', properties } : { type: 'object' };
}

const schemaName = (version: string, { kind }: SampleKind): string => `com.example.wardle.${version}.${kind}`;

const schemasOf = (version: string): Readonly<Record<string, object>> => ({
  [`${META}.ObjectMeta`]: objectOf({
    ...Object.fromEntries(['name', 'namespace', 'generateName', 'uid', 'resourceVersion'].map((name) => [name, TEXT])),
    ...Object.fromEntries(['labels', 'annotations'].map((name) => [name, { type: 'object', additionalProperties: TEXT }])),
  }),
  ...Object.fromEntries(
    kindsOf(version).map((kind) => [
      schemaName(version, kind),
      {
        ...objectOf({ apiVersion: TEXT, kind: TEXT, metadata: ref(`${META}.ObjectMeta`), ...FIELDS[`${version} ${kind.kind}`] }),
        'x-kubernetes-group-version-kind': [{ group: GROUP, version, kind: kind.kind }],
      },
    ]),
  ),
});

function pathsOf(version: string): Readonly<Record<string, object>> {
  const entries = kindsOf(version).map((kind) => {
    const place = kind.namespaced ? `namespaces/{namespace}/${kind.resource}` : kind.resource;
    const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(version, kind)}` } } };
    const scope = kind.namespaced ? ['namespace'] : [];
    const parameters = [...scope, 'name'].map((name) => ({ name, in: 'path', required: true, schema: { ...TEXT, uniqueItems: true } }));
    const get = {
      operationId: `readWardleExampleCom_${version}_${kind.kind}`,
      responses: { 200: { description: 'OK', content } },
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': { group: GROUP, version, kind: kind.kind },
    };
    return [`/apis/${GROUP}/${version}/${place}/{name}`, { get, parameters }] as const;
  });
  return Object.fromEntries(entries);
}

const pathOf = (version: string): string => `/openapi/v3/apis/${GROUP}/${version}`;

/** Documents by their paths. */
export const OPENAPI_DOCUMENTS: Readonly<Record<string, object>> = {
  '/openapi/v3': {
    paths: Object.fromEntries(VERSIONS.map((version) => [`apis/${GROUP}/${version}`, { serverRelativeURL: `${pathOf(version)}?hash=1` }])),
  },
  ...Object.fromEntries(
    VERSIONS.map((version) => [
      pathOf(version),
      {
        openapi: '3.0.0',
        info: { title: 'Wardle', version: '0.1' },
        paths: pathsOf(version),
        components: { schemas: schemasOf(version) },
      },
    ]),
  ),
};
