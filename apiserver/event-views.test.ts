// One Event seen through both of its groups, with the rules of each: recorded from kube-apiserver 1.34, `pkg/apis/core/validation/events.go`.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventStrategy } from './strategies/core/event.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const core = (name = '') => `/api/v1/namespaces/default/events${name && `/${name}`}`;
const group = (name = '') => `/apis/events.k8s.io/v1/namespaces/default/events${name && `/${name}`}`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const TIME = '2026-01-01T00:00:00.000001Z';

const old = {
  metadata: { name: 'a' },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
  reason: 'Started',
  message: 'Started container a',
  source: { component: 'kubelet', host: 'n' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:05:00Z',
  count: 3,
  type: 'Normal',
};
const fresh = {
  metadata: { name: 'b' },
  regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
  eventTime: TIME,
  reportingController: 'kubelet',
  reportingInstance: 'kubelet-n',
  action: 'Start',
  reason: 'Started',
  note: 'Started container a',
  type: 'Normal',
};

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ strategies: { '/events': eventStrategy(3600) } });
});
afterEach(() => server[Symbol.asyncDispose]());

const get = async (path: string) => (await server.request('GET', path)).json<Record<string, unknown>>();

/** What is wrong: `field: text`. */
async function problems(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<string[]> {
  const answer = await server.request(method, path, { body, headers });
  const { details } = answer.json<{ details?: { causes?: { field: string; message: string }[] } }>();
  return (details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('an Event in two groups', () => {
  it('answers a dry run with what would be written, in either group', async () => {
    await server.request('POST', group(), { body: fresh });
    const dryRun = (path: string) =>
      server.request('PATCH', `${path}?dryRun=All`, { body: { metadata: { labels: { l: '1' } } }, headers: MERGE });
    const versionOf = async () => (await get(group('b'))).metadata;
    const before = await versionOf();
    for (const path of [group('b'), core('b')]) {
      const { metadata } = (await dryRun(path)).json<{ metadata: object }>();
      expect(metadata).toMatchObject({ labels: { l: '1' }, resourceVersion: (before as { resourceVersion: string }).resourceVersion });
    }
    expect(await versionOf()).toEqual(before);
  });

  it('forgets at a write in one group who owns what in the other: upstream has no way between them', async () => {
    const ownersOf = async (path: string) => {
      const { metadata } = (await get(path)) as { metadata: { managedFields: { manager: string; apiVersion: string }[] } };
      return metadata.managedFields.map(({ manager, apiVersion }) => `${manager} ${apiVersion}`).sort();
    };
    const merge = (path: string, manager: string, body: object) =>
      server.request('PATCH', `${path}?fieldManager=${manager}`, { body, headers: { 'content-type': 'application/merge-patch+json' } });
    await server.request('POST', `${core()}?fieldManager=one`, { body: old });
    await merge(group('a'), 'two', { metadata: { labels: { l: '2' } } });
    expect(await ownersOf(core('a'))).toEqual(['two events.k8s.io/v1']);
    await merge(core('a'), 'three', { metadata: { labels: { l: '3' } } });
    expect(await ownersOf(core('a'))).toEqual(['three v1']);
  });

  it('has other names in each, and one history', async () => {
    using seen = await server.watch(`${group()}?watch=true&fieldSelector=regarding.name%3Dp`);
    expect((await server.request('POST', core(), { body: old })).status).toBe(201);
    expect(await get(group('a'))).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { kind: 'Pod', name: 'p' },
      note: 'Started container a',
      eventTime: null,
      deprecatedSource: { component: 'kubelet', host: 'n' },
      deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
      deprecatedCount: 3,
    });
    await server.request('PATCH', core('a'), { body: { count: 4 }, headers: MERGE });
    expect(await get(group('a'))).toMatchObject({ deprecatedCount: 4 });
    expect([(await seen.next())?.type, (await seen.next())?.object]).toEqual([
      'ADDED',
      expect.objectContaining({ apiVersion: 'events.k8s.io/v1', deprecatedCount: 4 }),
    ]);
    const gone = await server.request('DELETE', group('a'));
    expect(gone.json()).toMatchObject({ details: { group: 'events.k8s.io', kind: 'events', name: 'a' } });
    expect((await server.request('GET', core('a'))).status).toBe(404);
  });

  it('is selected by what each group calls its fields', async () => {
    await server.request('POST', core(), { body: old });
    const names = async (path: string) =>
      (await server.request('GET', path)).json<{ items: { metadata: { name: string } }[] }>().items.map(({ metadata }) => metadata.name);
    expect(await names(`${group()}?fieldSelector=regarding.kind%3DPod,reason%3DStarted`)).toEqual(['a']);
    expect(await names(`${group()}?fieldSelector=reportingController%3Dkubelet`)).toEqual([]);
    expect(await names(`${core()}?fieldSelector=source%3Dkubelet`)).toEqual(['a']);
    const wrong = await server.request('GET', `${group()}?fieldSelector=involvedObject.name%3Dp`);
    expect(wrong.json()).toMatchObject({ code: 400, message: 'field label not supported: involvedObject.name' });
  });

  it('is applied to in one group whatever was applied in the other', async () => {
    const apply = (path: string, body: object, manager: string) =>
      server.request('PATCH', `${path}?fieldManager=${manager}`, { body, headers: { 'content-type': 'application/apply-patch+yaml' } });
    await apply(group('b'), { apiVersion: 'events.k8s.io/v1', kind: 'Event', ...fresh }, 'one');
    const applied = await apply(core('b'), { apiVersion: 'v1', kind: 'Event', metadata: { name: 'b' }, message: 'other' }, 'two');
    expect(applied.json()).toMatchObject({ message: 'other', metadata: { managedFields: [{ manager: 'two', apiVersion: 'v1' }] } });
    expect(applied.json<{ metadata: { managedFields: unknown[] } }>().metadata.managedFields).toHaveLength(1);
  });
});

describe('rules of events.k8s.io/v1', () => {
  it('asks new events for what the core group does not', async () => {
    expect(await problems('POST', group(), { metadata: { name: 'x' }, deprecatedCount: 1, deprecatedSource: { component: 'c' } })).toEqual([
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: ',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ]);
    expect(await problems('POST', group(), { metadata: { name: 'x' }, eventTime: TIME, type: 'Odd', series: { count: 1 } })).toEqual([
      'reportingController: Required value',
      'reportingController: Invalid value: "": name part must be non-empty',
      "reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'type: Invalid value: "": has invalid value: Odd',
    ]);
    const long = 'x'.repeat(129);
    expect(
      await problems('POST', group(), { ...fresh, action: long, reason: long, reportingInstance: long, note: 'x'.repeat(1025) }),
    ).toEqual(
      ['reportingInstance', 'action', 'reason', 'message'].map(
        (field) => `${field}: Invalid value: "": can have at most ${field === 'message' ? 1024 : 128} characters`,
      ),
    );
  });

  it('lets only the series of an event go on', async () => {
    expect((await server.request('POST', group(), { body: fresh })).status).toBe(201);
    const series = { count: 2, lastObservedTime: TIME };
    expect((await server.request('PATCH', group('b'), { body: { series }, headers: MERGE })).status).toBe(200);
    expect(
      await problems('PATCH', group('b'), { regarding: { name: 'q' }, reason: 'Other', eventTime: '2026-01-02T00:00:00.000000Z' }, MERGE),
    ).toEqual([
      'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"default","Name":"q","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable',
      'reason: Invalid value: "Other": field is immutable',
      'reason: Invalid value: "Other": field is immutable',
      'eventTime: Invalid value: "2026-01-02T00:00:00.000000Z": field is immutable',
    ]);
    expect((await server.request('PATCH', core('b'), { body: { reason: 'Other' }, headers: MERGE })).status).toBe(200);
  });
});

describe('rules of the core group', () => {
  const node = { kind: 'Node', name: 'n' };
  const elsewhere = { namespace: 'other' };
  const newSort = { eventTime: TIME, reportingComponent: 'c', reportingInstance: 'i', action: 'A', reason: 'R' };

  it.each([
    ['about a cluster-scoped object', 'default', { involvedObject: node }, []],
    ['about an object elsewhere', 'default', { involvedObject: elsewhere }, ['other']],
    ['of the old sort in kube-system', 'kube-system', { involvedObject: node }, ['']],
    ['of the new sort in kube-system', 'kube-system', { involvedObject: node, ...newSort }, []],
    ['of the new sort about an object elsewhere', 'default', { involvedObject: elsewhere, ...newSort }, []],
  ])('%s', async (_, namespace, own, wrong) => {
    expect(await problems('POST', `/api/v1/namespaces/${namespace}/events`, { metadata: { name: 'x' }, ...own })).toEqual(
      wrong.map((value) => `involvedObject.namespace: Invalid value: "${value}": does not match event.namespace`),
    );
  });

  it('calls what reports them by its own name for it', async () => {
    const unnamed = { ...newSort, involvedObject: node, reportingComponent: 'a b' };
    expect(await problems('POST', core(), { metadata: { name: 'x' }, ...unnamed })).toEqual([
      expect.stringMatching(/^reportingComponent: Invalid value: "a b": name part must consist/),
    ]);
  });

  it('takes any name that can stand in a path', async () => {
    expect((await server.request('POST', core(), { body: { ...old, metadata: { name: 'Some_Name' } } })).status).toBe(201);
    expect(await problems('POST', group(), { ...fresh, metadata: { name: 'Some_Name' } })).toEqual([
      expect.stringMatching(/^metadata.name: Invalid value: "Some_Name": a lowercase RFC 1123 subdomain/),
    ]);
  });
});
