// Older versions of built-in kinds, with `--runtime-config`: conversions, defaults and warnings of the last release that served each.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersionOf, type KubeObject } from '../api/index.ts';
import { ALL_KINDS, decodeProtobuf, encodeProtobuf, olderKinds } from '../api/schema.ts';
import { runtimeConfig } from './runtime-config.ts';
import { horizontalPodAutoscalerStrategy } from './strategies/autoscaling/horizontal-pod-autoscaler.ts';
import { cronJobStrategy } from './strategies/batch/cron-job.ts';
import { endpointSliceStrategy } from './strategies/discovery/endpoint-slice.ts';
import { ingressStrategy } from './strategies/networking/ingress.ts';
import { ingressClassStrategy } from './strategies/networking/ingress-class.ts';
import { podDisruptionBudgetStrategy } from './strategies/policy/pod-disruption-budget.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const strategies = {
  'policy/poddisruptionbudgets': podDisruptionBudgetStrategy,
  'batch/cronjobs': cronJobStrategy,
  'discovery.k8s.io/endpointslices': endpointSliceStrategy,
  'autoscaling/horizontalpodautoscalers': horizontalPodAutoscalerStrategy,
  'networking.k8s.io/ingresses': ingressStrategy,
  'networking.k8s.io/ingressclasses': ingressClassStrategy,
};
const infos = ALL_KINDS.map(({ info }) => info);
const serve = (...config: string[]) => startTestServer({ strategies, kinds: ALL_KINDS, isServed: runtimeConfig(config, infos) });

let server: TestServer;

beforeEach(async () => {
  server = await serve('api/beta=true', 'api/removed=true');
});
afterEach(() => server[Symbol.asyncDispose]());

const MERGE = { 'content-type': 'application/merge-patch+json' };

/** `policy/v1beta1 poddisruptionbudgets` in the default namespace. */
const at = (apiVersion: string, resource: string, name = '') => `/apis/${apiVersion}/namespaces/default/${resource}${name && `/${name}`}`;

type Body = KubeObject & { spec?: unknown; endpoints?: unknown; details?: { causes?: { field: string; message: string }[] } };
const get = async (path: string) => (await server.request('GET', path)).json<Body>();

async function created(path: string, body: object): Promise<Body> {
  const answer = await server.request('POST', path, { body: { metadata: { name: 'a' }, ...body } });
  expect(answer.status, answer.text).toBe(201);
  return answer.json<Body>();
}

async function problems(path: string, body: object): Promise<string[]> {
  const answer = await server.request('POST', path, { body: { metadata: { name: 'a' }, ...body } });
  return (answer.json<Body>().details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('which versions are served', () => {
  it('no older ones unless told to', async () => {
    await using plain = await serve();
    expect((await plain.request('GET', at('policy/v1beta1', 'poddisruptionbudgets'))).status).toBe(404);
    expect((await plain.request('GET', at('policy/v1', 'poddisruptionbudgets'))).status).toBe(200);
  });

  it('an older one without the one that is stored', async () => {
    await using odd = await serve('batch/v1beta1=true', 'batch/v1=false');
    const path = at('batch/v1beta1', 'cronjobs');
    expect((await odd.request('GET', path)).status).toBe(200);
    expect((await odd.request('GET', at('batch/v1', 'cronjobs'))).status).toBe(404);
  });

  it.each([
    ['policy/v1beta1', 'poddisruptionbudgets', 'PodDisruptionBudget', '1.21+, unavailable in v1.25+; use policy/v1 PodDisruptionBudget'],
    ['batch/v1beta1', 'cronjobs', 'CronJob', '1.21+, unavailable in v1.25+; use batch/v1 CronJob'],
    ['discovery.k8s.io/v1beta1', 'endpointslices', 'EndpointSlice', '1.21+, unavailable in v1.25+; use discovery.k8s.io/v1 EndpointSlice'],
    [
      'autoscaling/v2beta2',
      'horizontalpodautoscalers',
      'HorizontalPodAutoscaler',
      '1.23+, unavailable in v1.26+; use autoscaling/v2 HorizontalPodAutoscaler',
    ],
    ['networking.k8s.io/v1beta1', 'ingresses', 'Ingress', '1.19+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress'],
  ])('%s %s warns', async (...[apiVersion, resource, kind, text]) => {
    const { headers } = await server.request('GET', at(apiVersion, resource));
    expect(headers.warning).toBe(`299 - "${apiVersion} ${kind} is deprecated in v${text}"`);
    const [group = ''] = apiVersion.split('/');
    const present = ALL_KINDS.find(({ info }) => info.group === group && info.resource === resource);
    const stored = await server.request('GET', at(present ? apiVersionOf(present.info) : '', resource));
    expect(stored.headers.warning).toBeUndefined();
  });

  it('is told by a metric, with the release that does without', async () => {
    await server.request('GET', at('policy/v1', 'poddisruptionbudgets'));
    await server.request('GET', at('policy/v1beta1', 'poddisruptionbudgets', 'none'));
    const { text } = await server.request('GET', '/metrics');
    const told = 'group="policy",removed_release="1.25",resource="poddisruptionbudgets",subresource="",version="v1beta1"';
    expect(text.split('\n').filter((line) => line.startsWith('apiserver_requested_deprecated_apis'))).toEqual([
      `apiserver_requested_deprecated_apis{${told}} 1`,
    ]);
  });
});

describe('policy/v1beta1 PodDisruptionBudget', () => {
  const LABEL = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
  const beta = (name = '') => at('policy/v1beta1', 'poddisruptionbudgets', name);
  const stable = (name = '') => at('policy/v1', 'poddisruptionbudgets', name);
  const withSelector = (selector: object | undefined) => ({ spec: { maxUnavailable: 1, ...(selector ? { selector } : {}) } });
  const exists = { matchExpressions: [{ key: LABEL, operator: 'Exists' }] };
  const missing = { matchExpressions: [{ key: LABEL, operator: 'DoesNotExist' }] };

  it('selects no pods by an empty selector, which policy/v1 says with a label', async () => {
    expect((await created(beta(), withSelector({}))).spec).toEqual(withSelector({}).spec);
    expect((await get(stable('a'))).spec).toEqual(withSelector(exists).spec);
  });

  it('selects all pods by a label, where policy/v1 has an empty selector', async () => {
    await created(stable(), withSelector({}));
    expect((await get(beta('a'))).spec).toEqual(withSelector(missing).spec);
    await server.request('PUT', beta('a'), { body: await get(beta('a')) });
    expect((await get(stable('a'))).spec).toEqual(withSelector({}).spec);
  });

  it('keeps the label from what users say, in both versions', async () => {
    const own = { key: 'app', operator: 'Exists' };
    for (const [path, name] of [
      [beta(), 'a'],
      [stable(), 'b'],
    ] as const) {
      await created(path, { metadata: { name }, ...withSelector({ matchExpressions: [own, ...exists.matchExpressions] }) });
      expect((await get(stable(name))).spec).toEqual(withSelector({ matchExpressions: [own] }).spec);
    }
  });

  it('takes counts below nothing in its status, and looks at its metadata as often', async () => {
    await created(stable(), withSelector({}));
    const below = { body: { status: { disruptionsAllowed: -1 }, metadata: { labels: { a: '-' } } }, headers: MERGE };
    const causes = async (path: string) =>
      (await server.request('PATCH', `${path}/status`, below)).json<{ details: { causes: { field: string }[] } }>().details.causes;
    const looks = ['metadata.labels', 'metadata.labels'];
    expect((await causes(beta('a'))).map(({ field }) => field)).toEqual(looks);
    expect((await causes(stable('a'))).map(({ field }) => field)).toEqual([...looks, 'status.disruptionsAllowed']);
  });

  it('leaves a selector that is not there alone', async () => {
    await created(beta(), withSelector(undefined));
    expect((await get(stable('a'))).spec).toEqual({ maxUnavailable: 1 });
  });
});

describe('batch/v1beta1 CronJob', () => {
  it('has the fields, the defaults and the rules of batch/v1', async () => {
    const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } };
    const path = at('batch/v1beta1', 'cronjobs');
    const made = await created(path, { spec: { schedule: '* * * * *', jobTemplate: template } });
    expect(made).toMatchObject({
      apiVersion: 'batch/v1beta1',
      spec: { concurrencyPolicy: 'Allow', suspend: false, failedJobsHistoryLimit: 1 },
    });
    expect(await get(at('batch/v1', 'cronjobs', 'a'))).toMatchObject({ apiVersion: 'batch/v1', spec: made.spec });
    expect(await problems(path, { spec: { schedule: 'x', jobTemplate: template } })).toEqual([
      'spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]',
    ]);
  });
});

describe('discovery.k8s.io/v1beta1 EndpointSlice', () => {
  const beta = (name = '') => at('discovery.k8s.io/v1beta1', 'endpointslices', name);
  const stable = (name = '') => at('discovery.k8s.io/v1', 'endpointslices', name);
  const slice = (endpoint: object) => ({ addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'], ...endpoint }] });
  const endpointAt = async (path: string) => ((await get(path)).endpoints as object[])[0];
  const CONDITIONS = { addresses: ['192.0.2.1'], conditions: {} };
  const ZONE = 'topology.kubernetes.io/zone';
  const HOST = 'kubernetes.io/hostname';

  it('says in a map what discovery.k8s.io/v1 has fields for', async () => {
    await created(beta(), slice({ topology: { [ZONE]: 'z', [HOST]: 'n', other: 'x' } }));
    expect(await endpointAt(stable('a'))).toEqual({ ...CONDITIONS, nodeName: 'n', zone: 'z', deprecatedTopology: { other: 'x' } });
    expect(await endpointAt(beta('a'))).toEqual({ ...CONDITIONS, nodeName: 'n', topology: { [ZONE]: 'z', [HOST]: 'n', other: 'x' } });
  });

  it('tells the node from another host name', async () => {
    await created(beta(), slice({ nodeName: 'n', topology: { [HOST]: 'h' } }));
    expect(await endpointAt(stable('a'))).toEqual({ ...CONDITIONS, nodeName: 'n', deprecatedTopology: { [HOST]: 'h' } });
    expect(await endpointAt(beta('a'))).toEqual({ ...CONDITIONS, nodeName: 'n', topology: { [HOST]: 'h' } });
  });

  it('is the only version that writes the map: the other keeps it as long as the endpoints stay', async () => {
    await created(beta(), slice({ topology: { other: 'x' } }));
    const patch = (body: object) =>
      server.request('PATCH', stable('a'), { body, headers: { 'content-type': 'application/merge-patch+json' } });
    await patch({ metadata: { labels: { a: 'b' } } });
    expect(await endpointAt(stable('a'))).toMatchObject({ deprecatedTopology: { other: 'x' } });
    await patch({ endpoints: [{ addresses: ['192.0.2.2'], deprecatedTopology: { other: 'y' } }] });
    expect(await endpointAt(stable('a'))).toEqual({ addresses: ['192.0.2.2'], conditions: {} });
  });
});

describe('autoscaling/v2beta2 and v2beta1 HorizontalPodAutoscaler', () => {
  const hpa = (version: string, name = '') => at(`autoscaling/${version}`, 'horizontalpodautoscalers', name);
  const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
  const metrics = [
    { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '5' } } },
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ];
  const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';

  it('v2beta2 has the metrics of v2, and no annotations for them', async () => {
    await created(hpa('v2beta2'), { metadata: { name: 'a', annotations: { [BEHAVIOR]: '{}', own: 'x' } }, spec: { ...target, metrics } });
    expect(await get(hpa('v2', 'a'))).toMatchObject({ metadata: { annotations: { own: 'x' } }, spec: { metrics } });
    expect((await get(hpa('v2beta2', 'a'))) as object).toMatchObject({
      spec: { minReplicas: 1 },
      status: { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null, conditions: null },
    });
  });

  it('v2beta1 has flat metrics, and its behavior in an annotation', async () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
    await created(hpa('v2'), { spec: { ...target, metrics, behavior } });
    const seen = await get(hpa('v2beta1', 'a'));
    expect(seen.spec).toMatchObject({
      metrics: [
        { type: 'Pods', pods: { metricName: 'm', targetAverageValue: '5' } },
        { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } },
      ],
    });
    expect(JSON.parse(seen.metadata.annotations?.[BEHAVIOR] ?? '')).toMatchObject({ ScaleDown: { StabilizationWindowSeconds: 60 } });
    await server.request('PUT', hpa('v2beta1', 'a'), { body: seen });
    expect(await get(hpa('v2', 'a'))).toMatchObject({ spec: { metrics, behavior } });
  });

  it('v1 says a behavior in an annotation, whose gaps are filled in where it is a field', async () => {
    const behavior = '{"ScaleUp":{"Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":60}]}}';
    await created(hpa('v1'), { metadata: { name: 'a', annotations: { [BEHAVIOR]: behavior } }, spec: target });
    expect((await get(hpa('v2', 'a'))).spec).toMatchObject({
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 60 }] },
        scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      },
    });
  });

  it('nobody owns an annotation of v1 that says nothing', async () => {
    const current = 'autoscaling.alpha.kubernetes.io/current-metrics';
    const annotations = { [BEHAVIOR]: 'bad', [current]: '[]', own: 'x' };
    const { metadata } = await created(hpa('v1'), { metadata: { name: 'a', annotations }, spec: target });
    expect(metadata.annotations).toEqual({ own: 'x' });
    expect(metadata).toMatchObject({ managedFields: [{ fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, 'f:own': {} } } } }] });
    expect(JSON.stringify(metadata)).not.toContain('alpha.kubernetes.io');
  });

  it('v2beta1 aims at 80 % of CPU unless told otherwise', async () => {
    const { spec } = await created(hpa('v2beta1'), { spec: target });
    expect(spec).toMatchObject({ metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 80 } }] });
  });

  it('tracks owners across all of its versions', async () => {
    const apply = (version: string, manager: string, spec: object) =>
      server.request('PATCH', `${hpa(version, 'a')}?fieldManager=${manager}`, {
        body: {
          apiVersion: `autoscaling/${version}`,
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: 'a' },
          spec: { ...target, ...spec },
        },
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    await apply('v2beta2', 'one', { minReplicas: 2 });
    const conflict = await apply('v1', 'two', { minReplicas: 3 });
    expect(conflict.json<Body>().details?.causes).toEqual([
      expect.objectContaining({ field: '.spec.minReplicas', message: 'conflict with "one"' }),
    ]);
  });
});

describe('networking.k8s.io/v1beta1 Ingress and IngressClass', () => {
  const beta = (name = '') => at('networking.k8s.io/v1beta1', 'ingresses', name);
  const stable = (name = '') => at('networking.k8s.io/v1', 'ingresses', name);
  const web = { serviceName: 'web', servicePort: 80 };

  it('has flat backends, and paths without a type', async () => {
    const rules = [{ http: { paths: [{ path: '/a', backend: { serviceName: 'web', servicePort: 'http' } }] } }];
    const made = await created(beta(), { spec: { backend: web, rules } });
    expect(made.spec).toMatchObject({ rules: [{ http: { paths: [{ pathType: 'ImplementationSpecific' }] } }] });
    expect((await get(stable('a'))).spec).toEqual({
      defaultBackend: { service: { name: 'web', port: { number: 80 } } },
      rules: [
        {
          http: {
            paths: [{ path: '/a', pathType: 'ImplementationSpecific', backend: { service: { name: 'web', port: { name: 'http' } } } }],
          },
        },
      ],
    });
    expect(await get(beta('a'))).toMatchObject({ spec: made.spec });
  });

  it('tells errors by its own names, and asks less of names of secrets', async () => {
    expect(await problems(beta(), { spec: {} })).toEqual(['spec: Invalid value: null: either `backend` or `rules` must be specified']);
    expect(await problems(beta(), { spec: { backend: { serviceName: 'web', servicePort: 70_000 } } })).toEqual([
      'spec.backend.servicePort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ]);
    expect(await problems(beta(), { spec: { backend: { servicePort: 80 } } })).toEqual(['spec.backend.serviceName: Required value']);
    expect(await problems(beta(), { spec: { backend: web, tls: [{ secretName: 'Not_A_Name' }] } })).toEqual([]);
  });

  it('IngressClass is the same in both', async () => {
    const spec = { controller: 'example.com/c', parameters: { kind: 'K', name: 'n' } };
    await server.request('POST', '/apis/networking.k8s.io/v1beta1/ingressclasses', { body: { metadata: { name: 'a' }, spec } });
    expect(await get('/apis/networking.k8s.io/v1/ingressclasses/a')).toMatchObject({ spec: { ...spec, parameters: { scope: 'Cluster' } } });
  });
});

describe('every form of an older version', () => {
  const beta = (name = '') => at('policy/v1beta1', 'poddisruptionbudgets', name);

  it('watches, tables and protobuf', async () => {
    using seen = await server.watch(`${beta()}?watch=true`);
    await server.request('POST', at('policy/v1', 'poddisruptionbudgets'), {
      body: { metadata: { name: 'a' }, spec: { minAvailable: '50%' } },
    });
    expect((await seen.next())?.object).toMatchObject({ apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget' });
    const table = await server.request('GET', beta(), { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    expect(table.json<{ rows: { cells: unknown[] }[] }>().rows[0]?.cells.slice(0, 3)).toEqual(['a', '50%', 'N/A']);
    const { message } = ALL_KINDS.find(({ info }) => info === olderKinds.poddisruptionbudgetsV1beta1) ?? {};
    if (!message) throw new Error('there is no such kind');
    const meta = { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget' };
    const raw = encodeProtobuf(message, { ...meta, metadata: { name: 'b' }, spec: { selector: {} } }, meta);
    expect(decodeProtobuf(raw).apiVersion).toBe('policy/v1beta1');
    const made = await server.request('POST', beta(), { raw, headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } });
    expect(made.status).toBe(201);
    expect(await get(beta('b'))).toMatchObject({ spec: { selector: {} } });
  });
});
