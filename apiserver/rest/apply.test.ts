import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { managerOf } from '../apply/manager-name.ts';
import { updateOf } from '../strategies/shared.ts';
import { plainStrategy, startTestServer, type TestServer } from '../testing/test-server.ts';

const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const L = {};

type Body = KubeObject & Record<string, unknown>;

const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
let server: TestServer;
let round = 0;
let name = '';

beforeAll(async () => {
  const deployments = plainStrategy({
    subresources: { status: updateOf({ resetFields: ['spec', 'metadata.labels'] }) },
  });
  server = await startTestServer({ strategies: { '/configmaps': plainStrategy(), 'apps/deployments': deployments }, clock });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  name = `o${round++}`;
});

const map = (data: Record<string, string | null> | undefined, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...(data ? { data } : {}),
});

async function send(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await server.request(method, path, { body, headers });
  return { status: answer.status, body: answer.json<Body>(), headers: answer.headers };
}

const apply = (manager: string, config: unknown, query = '') =>
  send('PATCH', `${MAPS}/${name}?fieldManager=${manager}${query}`, config, APPLY);
const create = (data: Record<string, string>, query = '?fieldManager=creator') => send('POST', `${MAPS}${query}`, map(data));

/** Entries without what is the same in all: `manager operation subresource seconds` and the fields. */
const entries = ({ metadata }: Body) =>
  (metadata.managedFields ?? []).map(({ manager, operation, subresource = '', time, fieldsV1 }) => [
    [manager, operation, subresource, time?.slice(17, 19) ?? 'never'].join(' ').replace('  ', ' '),
    fieldsV1,
  ]);

describe('an apply', () => {
  it('creates, changes, and takes away what it no longer says', async () => {
    const made = await apply('m', map({ a: '1', b: '1' }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ data: { a: '1', b: '1' }, metadata: { namespace: 'default' } });
    const changed = await apply('m', map({ b: '2' }));
    expect(changed.status).toBe(200);
    expect(changed.body.data).toEqual({ b: '2' });
    expect(changed.body.metadata.managedFields).toMatchObject([
      { manager: 'm', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:b': L } } },
    ]);
    const empty = await apply('m', map(undefined));
    expect(empty.body.data).toBeUndefined();
    expect(empty.body.metadata.managedFields).toBeUndefined();
  });

  it('meets the fields of others, and takes them by force', async () => {
    await create({ a: '1', b: '1' });
    const refused = await apply('m', map({ a: '2', b: '2' }));
    expect(refused).toMatchObject({
      status: 409,
      body: {
        reason: 'Conflict',
        message: 'Apply failed with 2 conflicts: conflicts with "creator" using v1:\n- .data.a\n- .data.b',
        details: {
          causes: [
            { reason: 'FieldManagerConflict', message: 'conflict with "creator" using v1', field: '.data.a' },
            { reason: 'FieldManagerConflict', message: 'conflict with "creator" using v1', field: '.data.b' },
          ],
        },
      },
    });
    const forced = await apply('m', map({ a: '2' }), '&force=true');
    expect(forced.body.data).toEqual({ a: '2', b: '1' });
    expect(entries(forced.body)).toEqual([
      ['m Apply 00', { 'f:data': { 'f:a': L } }],
      ['creator Update 00', { 'f:data': { '.': L, 'f:b': L } }],
    ]);
  });

  it('that changes nothing keeps the resourceVersion and the time', async () => {
    const made = await apply('m', map({ a: '1' }));
    await clock.advance(5000);
    const again = await apply('m', map({ a: '1' }));
    expect(again.body).toEqual(made.body);
  });

  it('as a dry run stores nothing', async () => {
    const dry = await apply('m', map({ a: '1' }), '&dryRun=All');
    expect(dry.status).toBe(201);
    expect(dry.body.metadata.managedFields).toHaveLength(1);
    expect((await server.request('GET', `${MAPS}/${name}`)).status).toBe(404);
  });

  it('with a stale resourceVersion is refused, and with another uid cannot create', async () => {
    expect(await apply('m', map({}, { uid: 'x' }))).toMatchObject({
      status: 409,
      body: {
        message: `Operation cannot be fulfilled on configmaps "${name}": uid mismatch: the provided object specified uid x, and no existing object was found`,
      },
    });
    const { body } = await create({ a: '1' });
    await send('PATCH', `${MAPS}/${name}`, { data: { b: '1' } }, MERGE);
    const stale = await apply('m', map({ c: '1' }, { resourceVersion: body.metadata.resourceVersion }));
    expect(stale).toMatchObject({ status: 409, body: { message: expect.stringContaining('the object has been modified') } });
  });

  it('takes YAML, and tells of keys given twice', async () => {
    const headers = { ...APPLY };
    const raw = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n  a: "2"\n`;
    const path = `${MAPS}/${name}?fieldManager=m`;
    const warned = await server.request('PATCH', path, { raw, headers });
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toBe('299 - "line 7: key \\"a\\" already set in map"');
    const strict = await server.request('PATCH', `${path}&fieldValidation=Strict`, { raw, headers });
    expect(strict).toMatchObject({
      status: 400,
      text: expect.stringContaining('error strict decoding YAML: error converting YAML to JSON: yaml: '),
    });
  });

  it.each([
    ['', {}, 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
    ['?fieldManager=m', {}, 400, 'invalid object type: /, Kind='],
    [
      '?fieldManager=m',
      [],
      400,
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap' },
      400,
      'the name of the object (a based on URL) was undeterminable: name must be provided',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap', data: 'x' },
      500,
      'failed to create typed patch object (/; /v1, Kind=ConfigMap): .data: expected map, got &{x}',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { managedFields: [] } },
      400,
      'metadata.managedFields must be nil',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', managedFields: [{ manager: 'x' }] } },
      400,
      'metadata.managedFields must be nil',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', managedFields: [1] } },
      500,
      'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .metadata.managedFields[0]: expected map, got &{1}',
    ],
    [
      '?fieldManager=m',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', managedFields: [{ time: 'x' }] } },
      500,
      'failed to convert new object (/a; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object to /v1, ' +
        'Kind=ConfigMap: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
  ])('with %s and %j is refused', async (query, body, status, message) => {
    expect(await send('PATCH', `${MAPS}/a${query}`, body, APPLY)).toMatchObject({ status, body: { message } });
  });
});

describe('plain writes', () => {
  it('own what they change, under the name of the program', async () => {
    await create({ a: '1', b: '1' });
    await clock.advance(1000);
    const path = `${MAPS}/${name}`;
    const patched = await send('PATCH', path, { data: { b: '2' } }, { ...MERGE, 'user-agent': 'operator/v1 (linux)' });
    expect(entries(patched.body).map(([who]) => String(who).replace(/ \d+$/, ''))).toEqual(['creator Update', 'operator Update']);
    expect(entries(patched.body)[1]?.[1]).toEqual({ 'f:data': { 'f:b': L } });
  });

  it('take the name of the program for UTF-8, as much as fits', () => {
    const bytes = Buffer.from(`${'é🍔'.repeat(40)}/1`).toString('latin1');
    expect(managerOf('', bytes)).toBe(`${'é🍔'.repeat(21)}é`);
  });

  it('keep the entries they were sent back, and forget them when asked to', async () => {
    const { body } = await create({ a: '1' });
    const path = `${MAPS}/${name}?fieldManager=other`;
    const put = await send('PUT', path, { ...body, data: { a: '1', b: '1' } });
    expect(put.body.metadata.managedFields).toHaveLength(2);
    const malformed = await send('PUT', path, map({ a: '1', b: '1' }, { managedFields: [{ manager: 'x', operation: 'Nothing' }] }));
    expect(malformed.body).toEqual(put.body);
    for (const managedFields of [[], [{}]]) {
      const cleared = await send('PUT', path, map({ a: '1', b: '1' }, { managedFields }));
      expect(cleared.body.metadata.managedFields).toBeUndefined();
    }
    const untracked = await send('PATCH', path, { data: { c: '1' } }, MERGE);
    expect(untracked.body.metadata.managedFields).toBeUndefined();
    const refused = await apply('m', map({ c: '2' }));
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.c');
  });
});

describe('kubectl', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
  const clientSide = (data: Record<string, string>) => ({ annotations: { [LAST]: JSON.stringify(map(data)) } });

  it('takes over what it applied on the client side, and keeps the annotation', async () => {
    await send('POST', `${MAPS}?fieldManager=kubectl-client-side-apply`, map({ a: '1', b: '1' }, clientSide({ a: '1', b: '1' })));
    const taken = await apply('kubectl', map({ a: '2' }));
    expect(taken.status).toBe(200);
    expect(taken.body.data).toEqual({ a: '2', b: '1' });
    expect(taken.body.metadata.annotations?.[LAST]).toBe(
      `${JSON.stringify({ apiVersion: 'v1', data: { a: '2' }, kind: 'ConfigMap', metadata: { name } })}\n`,
    );
  });

  it('writes the annotation as Go writes JSON', async () => {
    await send('POST', `${MAPS}?fieldManager=kubectl-client-side-apply`, map({ a: '1' }, clientSide({ a: '1' })));
    const taken = await apply('kubectl', map({ a: '<&>' }));
    expect(taken.body.metadata.annotations?.[LAST]).toContain('"a":"\\u003c\\u0026\\u003e"');
  });

  it.each([
    ['another version', { apiVersion: 'v2', kind: 'ConfigMap' }],
    ['another kind', { apiVersion: 'v1', kind: 'Secret' }],
    ['no kind', { apiVersion: 'v1' }],
    ['no object', 'x'],
  ])('takes nothing over when the annotation tells of %s', async (_, config) => {
    const said = typeof config === 'string' ? config : JSON.stringify({ ...config, metadata: { name }, data: { a: '1' } });
    await send('POST', `${MAPS}?fieldManager=kubectl-client-side-apply`, map({ a: '1' }, { annotations: { [LAST]: said } }));
    const refused = await apply('kubectl', map({ a: '2' }));
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a');
  });

  it('meets what others changed since', async () => {
    await send('POST', `${MAPS}?fieldManager=kubectl-client-side-apply`, map({ a: '1', b: '1' }, clientSide({ a: '0', b: '1' })));
    const refused = await apply('kubectl', map({ a: '2', b: '2' }));
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a');
  });
});

describe('subresources', () => {
  const deployment = (rest: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, ...rest });
  const spec = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } } };
  const make = () =>
    send('POST', `${DEPLOYMENTS}?fieldManager=creator`, deployment({ spec: { ...spec, replicas: 1 }, status: { replicas: 9 } }));

  it('own only what they change', async () => {
    const made = await make();
    expect(JSON.stringify(entries(made.body))).not.toContain('f:status');
    const path = `${DEPLOYMENTS}/${name}/status?fieldManager=controller`;
    const body = { metadata: { labels: { l: '1' } }, spec: { paused: true }, status: { replicas: 1 } };
    const patched = await send('PATCH', path, body, MERGE);
    expect(entries(patched.body)[0]).toEqual([expect.stringMatching(/^controller Update status/), { 'f:status': { 'f:replicas': L } }]);
    const applied = await send('PATCH', path.replace('controller', 'm'), deployment({ status: { replicas: 1 } }), APPLY);
    expect(entries(applied.body)[0]).toEqual(['m Apply status never', { 'f:status': { 'f:replicas': L } }]);
    const missing = await send('PATCH', `${DEPLOYMENTS}/none/status?fieldManager=m`, deployment({ metadata: { name: 'none' } }), APPLY);
    expect(missing.status).toBe(404);
  });

  it('give the replicas to who scales', async () => {
    await make();
    const path = `${DEPLOYMENTS}/${name}/scale?fieldManager=`;
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas: 3 } };
    const refused = await send('PATCH', `${path}m`, scale, APPLY);
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "creator" using autoscaling/v1: .spec.replicas');
    expect((await send('PATCH', `${path}m&force=true`, scale, APPLY)).body.spec).toEqual({ replicas: 3 });
    const { body } = await send('PATCH', `${path}hpa`, { spec: { replicas: 5 } }, MERGE);
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    const object = (await server.request('GET', `${DEPLOYMENTS}/${name}`)).json<Body>();
    const owners = entries(object).filter(([, fields]) => JSON.stringify(fields).includes('f:replicas'));
    expect(owners).toEqual([['hpa Update scale never', { 'f:spec': { 'f:replicas': L } }]]);
  });
});
