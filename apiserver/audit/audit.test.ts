import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../api/index.ts';
import { bodies, encodeProtobuf } from '../../api/schema.ts';
import { type Clock, silentLogger, systemClock, UserError } from '../../runtime/index.ts';
import type { AdmissionAttributes } from '../admission/plugin.ts';
import type { AccessAttributes } from '../auth/types.ts';
import { plainStrategy, startTestServer, type TestServer } from '../testing/test-server.ts';
import { AuditLog } from './audit-log.ts';
import { FileSink } from './file-sink.ts';
import { readAuditPolicy } from './policy.ts';
import { RotatingFile } from './rotating-file.ts';
import { AuditLosses } from './sink.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const policyOf = (text: string) => {
  const path = join(directory, 'policy.yaml');
  writeFileSync(path, text);
  return readAuditPolicy(path);
};
const policy = (rules: string) => policyOf(`apiVersion: audit.k8s.io/v1\nkind: Policy\n${rules}`);

/** Where events go: a file. */
const to = (file: RotatingFile, strict: boolean) => ({ sinks: [new FileSink(file, strict)], losses: new AuditLosses(silentLogger) });

describe('a policy', () => {
  const attributes = (more: Partial<AccessAttributes>): AccessAttributes => ({
    user: { name: 'alice', groups: ['devs'] },
    verb: 'get',
    resourceRequest: true,
    path: '/x',
    namespace: 'default',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    name: 'a',
    ...more,
  });

  test.each<[string, Partial<AccessAttributes>, string]>([
    ['- level: Metadata', {}, 'Metadata'],
    ['- {level: Request, users: [bob]}', {}, 'None'],
    ['- {level: Request, users: [alice]}', {}, 'Request'],
    ['- {level: Request, userGroups: [ops, devs]}', {}, 'Request'],
    ['- {level: Request, userGroups: [ops]}', {}, 'None'],
    ['- {level: Request, verbs: [list]}', {}, 'None'],
    ['- {level: None, verbs: [get]}\n- level: RequestResponse', {}, 'None'],
    ['- {level: None, verbs: [get]}\n- level: RequestResponse', { verb: 'list' }, 'RequestResponse'],
    ['- {level: Request, namespaces: [default]}', {}, 'Request'],
    ['- {level: Request, namespaces: [""]}', {}, 'None'],
    ['- {level: Request, namespaces: [""]}', { namespace: '' }, 'Request'],
    ['- {level: Request, resources: [{group: ""}]}', {}, 'Request'],
    ['- {level: Request, resources: [{group: apps}]}', {}, 'None'],
    ['- {level: Request, resources: [{resources: [pods]}]}', {}, 'Request'],
    ['- {level: Request, resources: [{resources: [pods]}]}', { subresource: 'log' }, 'None'],
    ['- {level: Request, resources: [{resources: [pods/log]}]}', { subresource: 'log' }, 'Request'],
    ['- {level: Request, resources: [{resources: ["*/log"]}]}', { subresource: 'log' }, 'Request'],
    ['- {level: Request, resources: [{resources: ["pods/*"]}]}', {}, 'Request'],
    ['- {level: Request, resources: [{resources: ["*"]}]}', { subresource: 'log' }, 'Request'],
    ['- {level: Request, resources: [{resources: [pods], resourceNames: [b]}]}', {}, 'None'],
    ['- {level: Request, resources: [{resources: [pods], resourceNames: [a]}]}', {}, 'Request'],
    ['- {level: Request, resources: [{group: ""}]}', { resourceRequest: false }, 'None'],
    ['- {level: Request, nonResourceURLs: ["/healthz*"]}', { resourceRequest: false, path: '/healthz/ping' }, 'Request'],
    ['- {level: Request, nonResourceURLs: ["/healthz"]}', { resourceRequest: false, path: '/healthz/ping' }, 'None'],
    ['- {level: Request, nonResourceURLs: ["*"]}', {}, 'None'],
  ])('%s %o %s', (rules, more, level) => {
    expect(policy(`rules:\n${rules}`).decide(attributes(more)).level).toBe(level);
  });

  test('leaves out the stages of itself and of the rule, and managed fields as either says', () => {
    const decided = policy(
      'omitStages: [RequestReceived]\nomitManagedFields: true\nrules: [{level: Request, omitStages: [Panic], omitManagedFields: false}]',
    ).decide(attributes({}));
    expect([...decided.omitStages].sort()).toEqual(['Panic', 'RequestReceived']);
    expect(decided.omitManagedFields).toBe(false);
  });

  test.each([
    ['kind: Policy\napiVersion: audit.k8s.io/v1beta1\nrules: [{level: None}]', 'apiVersion: '],
    ['kind: Policy\napiVersion: audit.k8s.io/v1', 'loaded illegal policy with 0 rules'],
    ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{}]', 'rules[0].level: Required value'],
    ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: All}]', 'rules[0].level: Unsupported value: "All"'],
    ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, omitStages: [Never]}]', 'allowed stages are RequestReceived'],
    ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, nonResourceURLs: [healthz]}]', "must begin with a '/'"],
    ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, nonResourceURLs: [/a*b]}]', 'must be the final character'],
    [
      'kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, nonResourceURLs: [/a], namespaces: [b]}]',
      'rules cannot apply to both',
    ],
    [
      'kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, resources: [{resourceNames: [a]}]}]',
      'requires at least one resource',
    ],
    ['kind: [', '--audit-policy-file: '],
  ])('that is wrong is refused in one line: %s', (text, why) => {
    expect(() => policyOf(text)).toThrow(UserError);
    expect(() => policyOf(text)).toThrow(why);
  });
});

function labelled({ metadata }: KubeObject): void {
  metadata.labels = { late: 'yes' };
}

describe('the log', () => {
  const file = () => join(directory, 'audit.log');
  const events = () =>
    readFileSync(file(), 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));

  const start = (rules: string, more: Partial<Parameters<typeof startTestServer>[0]> = {}, strict = false): Promise<TestServer> => {
    const rotating = new RotatingFile({ path: file(), megabytesMax: 1, backupsMax: 0, daysMax: 0, now: () => 0 });
    const audit = (bodyOf: ConstructorParameters<typeof AuditLog>[0]['bodyOf']) =>
      new AuditLog({ policy: policy(rules), ...to(rotating, strict), bodyOf, clock: systemClock });
    return startTestServer({ strategies: { '/configmaps': plainStrategy() }, audit, ...more });
  };

  test('has what was answered, though it was compressed', async () => {
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: RequestResponse}]');
    const body = { metadata: { name: 'a' }, data: { x: 'y'.repeat(140_000) } };
    const answer = await api.request('POST', PATH, { body, headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(events()[0].responseObject.data.x).toHaveLength(140_000);
  });

  test('has a line for each stage of a request, as upstream writes it', async () => {
    await using api = await start('rules: [{level: RequestResponse}]');
    const body = { metadata: { name: 'a' }, data: { x: '1' } };
    const answer = await api.request('POST', `${PATH}?fieldManager=me`, {
      body,
      headers: { 'user-agent': 'test/1', 'x-forwarded-for': '1.2.3.4', 'audit-id': 'given' },
    });
    expect(answer.headers['audit-id']).toBe('given');
    const [received, complete, ...others] = events();
    expect(others).toEqual([]);
    expect(Object.keys(received)).toEqual([
      'kind',
      'apiVersion',
      'level',
      'auditID',
      'stage',
      'requestURI',
      'verb',
      'user',
      'sourceIPs',
      'userAgent',
      'objectRef',
      'requestReceivedTimestamp',
      'stageTimestamp',
    ]);
    expect(complete).toEqual({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      auditID: 'given',
      stage: 'ResponseComplete',
      requestURI: `${PATH}?fieldManager=me`,
      verb: 'create',
      user: { username: 'admin', groups: ['system:masters'] },
      sourceIPs: ['1.2.3.4', '127.0.0.1'],
      userAgent: 'test/1',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: { kind: 'ConfigMap', apiVersion: 'v1', ...body },
      responseObject: answer.json(),
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      stageTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      annotations: expect.objectContaining({ 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' }),
    });
  });

  test('tells the object that was sent as it was understood, with its defaults, and not what became of it', async () => {
    const setDefaults = (map: KubeObject) => void Object.assign(map, { data: { by: 'default' } });
    const rename = { name: 'Late', admit: (_: unknown, { object }: AdmissionAttributes) => void (object && labelled(object)) };
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: Request}]', {
      strategies: { '/configmaps': plainStrategy({ setDefaults }) },
      admission: [rename],
    });
    const raw = '{"metadata":{"name":"a"},"nonsense":1}';
    await api.request('POST', PATH, { raw, headers: { 'content-type': 'application/json' } });
    await api.request('PUT', `${PATH}/a`, { raw, headers: { 'content-type': 'application/json' } });
    const understood = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { by: 'default' } };
    expect(events().map(({ requestObject }) => requestObject)).toEqual([understood, understood]);
  });

  test('tells why what lasts did not begin, when it is answered and when that is over', async () => {
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: RequestResponse}]');
    const refused = await api.request('GET', `${PATH}?watch=1&resourceVersion=x`);
    const responseStatus = { status: 'Failure', code: refused.status };
    const told = { responseStatus, responseObject: refused.json() };
    expect(events()).toMatchObject([
      { stage: 'ResponseStarted', ...told },
      { stage: 'ResponseComplete', ...told },
    ]);
  });

  test('tells options that were sent as protobuf as what they are', async () => {
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: Request, verbs: [delete]}, {level: None}]');
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
    const raw = encodeProtobuf(bodies.deleteOptions, options, options);
    await api.request('DELETE', `${PATH}/a`, { raw, headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } });
    expect(events().map(({ requestObject }) => requestObject)).toEqual([{ ...options, apiVersion: 'meta.k8s.io/__internal' }]);
  });

  test('tells answers that are sent as protobuf as what they are: objects, lists and Statuses', async () => {
    await using api = await start(
      'omitStages: [RequestReceived]\nrules: [{level: RequestResponse, verbs: [create, list, delete]}, {level: None}]',
    );
    const headers = { accept: 'application/vnd.kubernetes.protobuf' };
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } }, headers });
    await api.request('GET', PATH, { headers });
    await api.request('DELETE', `${PATH}/a`, { headers });
    expect(events().map(({ responseObject }) => responseObject)).toMatchObject([
      { kind: 'ConfigMap', metadata: { name: 'a' } },
      { kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] },
      { kind: 'Status', status: 'Success', details: { name: 'a' } },
    ]);
    expect(events().at(-1)).toMatchObject({ responseStatus: { status: 'Success', code: 200 } });
  });

  test('at level Metadata tells neither body, and at Request not the answer; errors and Statuses are told at each', async () => {
    await using api = await start(
      'omitStages: [RequestReceived]\nrules: [{level: Metadata, verbs: [create, delete, get]}, {level: Request}]',
    );
    await api.request('POST', PATH, { body: { metadata: { name: 'a', uid: 'u' } } });
    await api.request('PATCH', `${PATH}/a`, {
      raw: 'data: {z: "2"}',
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    await api.request('PATCH', `${PATH}/a`, { raw: '{"data":{"x":"1"}}', headers: { 'content-type': 'application/merge-patch+json' } });
    await api.request('GET', `${PATH}/none`);
    await api.request('DELETE', `${PATH}/a`, { body: { propagationPolicy: 'Background' } });
    const [created, applied, patched, missing, deleted] = events();
    expect(created.requestObject ?? created.responseObject).toBeUndefined();
    expect(created.objectRef).toEqual({ resource: 'configmaps', namespace: 'default', name: 'a', uid: 'u', apiVersion: 'v1' });
    expect(applied.requestObject).toEqual({ data: { z: '2' } });
    expect(patched).toMatchObject({ requestObject: { data: { x: '1' } }, responseStatus: { metadata: {}, code: 200 } });
    expect(patched.responseObject).toBeUndefined();
    expect(missing.responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'configmaps "none" not found',
      reason: 'NotFound',
      details: { name: 'none', kind: 'configmaps' },
      code: 404,
    });
    expect(deleted.responseStatus).toMatchObject({ metadata: {}, status: 'Success', code: 200, details: { name: 'a' } });
  });

  test('leaves out managed fields when told to', async () => {
    await using api = await start('omitStages: [RequestReceived]\nomitManagedFields: true\nrules: [{level: RequestResponse}]');
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    await api.request('GET', PATH);
    const [created, listed] = events();
    expect(created.responseObject.metadata.uid).toBeDefined();
    expect(created.responseObject.metadata.managedFields).toBeUndefined();
    expect(listed.responseObject.items[0].metadata.managedFields).toBeUndefined();
  });

  test('tells that what was asked for is going away, and with which release', async () => {
    const deprecation = 'v1 ConfigMap is deprecated in v1.30+, unavailable in v1.40+';
    const strategies = { '/configmaps': plainStrategy({ deprecation }) };
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: Metadata}]', { strategies });
    await api.request('GET', PATH);
    expect(events()[0].annotations).toMatchObject({ 'k8s.io/deprecated': 'true', 'k8s.io/removed-release': '1.40' });
  });

  test('tells of a watch when it begins and when it ends', async () => {
    await using api = await start('rules: [{level: Metadata, verbs: [watch]}]');
    {
      using watch = await api.watch(`${PATH}?watch=1&timeoutSeconds=1`);
      expect(watch.status).toBe(200);
      expect(events().map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted']);
      expect(await watch.next()).toBeUndefined();
    }
    expect(events().map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
    const [received, , complete] = events();
    expect(received.stageTimestamp).toBe(received.requestReceivedTimestamp);
    expect(complete.responseStatus).toEqual({ metadata: {}, code: 200 });
    expect(complete.annotations).not.toHaveProperty('apiserver.latency.k8s.io/total'); // it was to take that long
  });

  test('tells who was really behind an impersonation, and why somebody was refused', async () => {
    const authorizer = {
      authorize: ({ user }: AccessAttributes) => ({ allowed: user.name === 'admin', reason: `asked for ${user.name}` }),
      rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
    };
    await using api = await start('omitStages: [RequestReceived]\nrules: [{level: Metadata}]', { authorizer });
    const answer = await api.request('GET', PATH, { headers: { 'impersonate-user': 'bob', 'impersonate-group': 'devs' } });
    expect(answer.status).toBe(403);
    expect(events()).toMatchObject([
      {
        user: { username: 'admin' },
        impersonatedUser: { username: 'bob', groups: ['devs', 'system:authenticated'] },
        responseStatus: { code: 403, reason: 'Forbidden' },
        annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'asked for bob' },
      },
    ]);
  });

  test('tells of those who were not let in', async () => {
    await using api = await start('rules: [{level: Metadata}]', { authenticator: { authenticate: () => undefined } });
    expect((await api.request('GET', PATH, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    const responseStatus = { metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 };
    expect(events()).toMatchObject([{ stage: 'ResponseStarted', user: {}, responseStatus }]);
  });

  test('tells of our own mistakes, which are answered as such', async () => {
    const oops = {
      name: 'Oops',
      admit: () => {
        throw new TypeError('undefined is not a function');
      },
    };
    await using api = await start('rules: [{level: Metadata, verbs: [create]}]', { admission: [oops] });
    const answer = await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    expect(answer.status).toBe(500);
    expect(answer.text).toBe('This request caused apiserver to panic. Look in the logs for details.\n');
    expect((await api.request('GET', PATH)).status).toBe(200);
    expect(events()).toMatchObject([
      { stage: 'RequestReceived' },
      { stage: 'Panic', responseStatus: { code: 500, reason: 'InternalError', message: "APIServer panic'd: undefined is not a function" } },
    ]);
  });

  test('that cannot be written refuses requests only in strict mode, and is counted', async () => {
    for (const strict of [false, true]) {
      const full = new (class extends RotatingFile {
        override write(): void {
          throw new Error('ENOSPC');
        }
      })({ path: file(), megabytesMax: 0, backupsMax: 0, daysMax: 0, now: () => 0 });
      const audit = (bodyOf: ConstructorParameters<typeof AuditLog>[0]['bodyOf']) =>
        new AuditLog({
          policy: policy('rules: [{level: Metadata, verbs: [list]}]'),
          ...to(full, strict),
          bodyOf,
          clock: systemClock,
        });
      await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() }, audit });
      const answer = await api.request('GET', PATH);
      expect(answer.status).toBe(strict ? 500 : 200);
      if (strict) expect(answer.json().message).toContain('failed to store audit event');
      const { text } = await api.request('GET', '/metrics');
      expect(text).toContain(`apiserver_audit_error_total{plugin="log"} ${strict ? 1 : 2}`);
      expect(text).toContain(`apiserver_audit_requests_rejected_total ${strict ? 1 : 0}`);
      expect(text).toContain('apiserver_audit_level_total{level="Metadata"} 1');
    }
  });
});

describe('a rotating file', () => {
  const names = () =>
    readdirSync(directory)
      .filter((name) => name.startsWith('audit'))
      .sort();
  const MEGABYTE = 'x'.repeat(1024 * 1024);

  test('is put aside when it is full, and old ones go by number and by age', async () => {
    const clock: Pick<Clock, 'now'> & { ms: number } = { ms: Date.UTC(2026, 0, 31, 12), now: () => clock.ms };
    const path = join(directory, 'audit.log');
    const open = (more: object) => new RotatingFile({ path, megabytesMax: 1, backupsMax: 2, daysMax: 0, now: () => clock.now(), ...more });
    const log = open({});
    for (let day = 0; day < 4; day++) {
      log.write(`${MEGABYTE}\n`);
      clock.ms += 24 * 3600 * 1000;
    }
    await log.close();
    expect(names()).toEqual(['audit-2026-02-02T12-00-00.000.log', 'audit-2026-02-03T12-00-00.000.log', 'audit.log']);
    writeFileSync(join(directory, 'audit-mine.log'), 'of somebody else');
    const again = open({ backupsMax: 0, daysMax: 1 });
    again.write('more\n');
    await again.close();
    expect(names()).toEqual(['audit-2026-02-03T12-00-00.000.log', 'audit-2026-02-04T12-00-00.000.log', 'audit-mine.log', 'audit.log']);
    expect(readFileSync(path, 'utf8')).toBe('more\n');
  });

  test('is not written to once it is closed, twice even: its number was that of another file, which got the lines and was closed', async () => {
    const other = join(directory, 'other');
    const log = new RotatingFile({ path: join(directory, 'audit.log'), megabytesMax: 1, backupsMax: 0, daysMax: 0, now: () => 0 });
    await log.close();
    const file = openSync(other, 'w');
    expect(() => log.write('late\n')).toThrow('audit backend shut down');
    await log.close();
    writeSync(file, 'its own');
    closeSync(file);
    expect(readFileSync(other, 'utf8')).toBe('its own');
  });

  test('that could not be put aside begins anew: it went on writing to the number of a file that was closed', async () => {
    const path = join(directory, 'logs', 'audit.log');
    const log = new RotatingFile({ path, megabytesMax: 1, backupsMax: 0, daysMax: 0, now: () => 0 });
    log.write(`${MEGABYTE}\n`);
    rmSync(dirname(path), { recursive: true });
    expect(() => log.write('lost\n')).toThrow(/ENOENT/);
    log.write('kept\n');
    await log.close();
    expect(readFileSync(path, 'utf8')).toBe('kept\n');
  });

  test('that cannot be written says so', () => {
    expect(() => new RotatingFile({ path: directory, megabytesMax: 1, backupsMax: 0, daysMax: 0, now: () => 0 })).toThrow(
      /--audit-log-path: .* cannot be written/,
    );
  });
});
