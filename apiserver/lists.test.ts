import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeContinue } from './rest/continue-token.ts';
import { jobStrategy } from './strategies/batch/job.ts';
import { resourceSliceStrategy } from './strategies/resource/resource-slice.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string; resourceVersion: string } }[];
}

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({
    strategies: { '/configmaps': plainStrategy(), 'batch/jobs': jobStrategy, 'resource.k8s.io/resourceslices': resourceSliceStrategy },
  });
});
afterAll(() => api[Symbol.asyncDispose]());

const pathOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const fill = async (namespace: string, names: readonly string[], labels: Record<string, string> = {}) => {
  for (const name of names) await api.request('POST', pathOf(namespace), { body: { metadata: { name, labels } } });
};
const list = async (namespace: string, query = '') => {
  const answer = await api.request('GET', pathOf(namespace) + query);
  return { status: answer.status, body: answer.json<List>(), names: answer.json<List>().items?.map(({ metadata }) => metadata.name) };
};
const failure = async (namespace: string, query: string) => {
  const { status, body } = await list(namespace, query);
  return { ...(body as unknown as { reason?: string; message: string; details?: { retryAfterSeconds?: number } }), status };
};

describe('a list', () => {
  test('in pages is one snapshot', async () => {
    await fill('pages', ['a', 'b', 'c', 'd', 'e']);
    const first = await list('pages', '?limit=2');
    expect(first.names).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await api.request('DELETE', `${pathOf('pages')}/e`);
    await fill('pages', ['bb']);
    const second = await list('pages', `?limit=2&continue=${first.body.metadata.continue}`);
    expect(second.names).toEqual(['c', 'd']);
    expect(second.body.metadata).toMatchObject({ resourceVersion: first.body.metadata.resourceVersion, remainingItemCount: 1 });
    const rest = await list('pages', `?continue=${second.body.metadata.continue}`);
    expect(rest.names).toEqual(['e']);
    expect(rest.body.metadata.continue).toBeUndefined();
  });

  test('that goes on from any state has no limit', async () => {
    await fill('any', ['a', 'b', 'c', 'd']);
    const first = await list('any', '?limit=1');
    const next = await list('any', `?limit=1&resourceVersion=0&continue=${first.body.metadata.continue}`);
    expect(next.names).toEqual(['b', 'c', 'd']);
    expect(next.body.metadata.continue).toBeUndefined();
    await fill('any', ['e']);
    expect((await list('any', `?limit=1&resourceVersion=0&continue=${first.body.metadata.continue}`)).names).toEqual(['b', 'c', 'd']);
  });

  test('in pages that nothing has changed under is answered alike', async () => {
    await fill('calm', ['a', 'b', 'c']);
    const first = await list('calm', '?limit=1');
    const second = await list('calm', `?limit=1&continue=${first.body.metadata.continue}`);
    const third = await list('calm', `?limit=1&continue=${second.body.metadata.continue}`);
    expect([first.names, second.names, third.names]).toEqual([['a'], ['b'], ['c']]);
    expect(third.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
  });

  test('with a selector and a limit goes on until it has found as many, and counts no rest', async () => {
    await fill('some', ['a', 'c', 'e'], { pick: 'me' });
    await fill('some', ['b', 'd', 'f']);
    const first = await list('some', '?labelSelector=pick&limit=2');
    expect(first.names).toEqual(['a', 'c']);
    expect(first.body.metadata.remainingItemCount).toBeUndefined();
    await fill('some', ['z']);
    expect((await list('some', `?labelSelector=pick&limit=2&continue=${first.body.metadata.continue}`)).names).toEqual(['e']);
  });

  test('with a selector goes on while there are objects that were not looked at, though none may be selected', async () => {
    await fill('rest', ['a', 'b'], { pick: 'me' });
    await fill('rest', ['c']);
    const first = await list('rest', '?labelSelector=pick&limit=2');
    expect(first.names).toEqual(['a', 'b']);
    expect((await list('rest', `?labelSelector=pick&limit=2&continue=${first.body.metadata.continue}`)).names).toEqual([]);
    expect((await list('rest', '?fieldSelector=metadata.name=a&limit=1')).body.metadata.continue).toBeUndefined();
  });

  test('of a past revision is what there was', async () => {
    await fill('past', ['a']);
    const then = (await list('past')).body.metadata.resourceVersion;
    await fill('past', ['b']);
    expect((await list('past', `?resourceVersion=${then}&resourceVersionMatch=Exact`)).names).toEqual(['a']);
    expect((await list('past', `?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`)).names).toEqual(['a', 'b']);
    expect((await list('past', `?resourceVersion=${then}`)).names).toEqual(['a', 'b']);
    expect((await list('past', `?resourceVersion=${then}&limit=5`)).names).toEqual(['a']);
  });

  test('of a compacted revision or with a compacted token is 410, with a token to go on', async () => {
    await fill('gone', ['a', 'b', 'c']);
    const first = await list('gone', '?limit=1');
    const then = first.body.metadata.resourceVersion;
    await fill('gone', ['d']);
    await api.store.compact(api.store.revision);
    const message = 'The resourceVersion for the provided list is too old.';
    for (const query of [`?resourceVersion=${then}&resourceVersionMatch=Exact`, `?resourceVersion=${then}&limit=6`]) {
      expect(await failure('gone', query)).toMatchObject({ status: 410, reason: 'Expired', message });
    }
    const expired = await list('gone', `?limit=1&continue=${first.body.metadata.continue}`);
    expect(expired.body).toMatchObject({ code: 410, reason: 'Expired' });
    const resumed = await list('gone', `?continue=${expired.body.metadata.continue}`);
    expect(resumed.names).toEqual(['b', 'c', 'd']);
  });

  test('of a revision that is yet to come is 504', async () => {
    const answer = await failure('past', '?resourceVersion=999999&resourceVersionMatch=Exact');
    expect(answer).toMatchObject({
      status: 504,
      reason: 'Timeout',
      message: expect.stringContaining('Too large resource version: 999999'),
    });
    const waits = async (query: string) => {
      const { details } = await failure('past', `?resourceVersion=999999&limit=1${query}`);
      return details?.retryAfterSeconds;
    };
    expect([await waits(''), await waits('&fieldSelector=metadata.name%3Da')]).toEqual([1, undefined]);
  });

  test.each([
    ['?resourceVersionMatch=Exact', 422, 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['?resourceVersion=abc', 400, 'invalid resource version: resourceVersion: Invalid value: "abc"'],
    ['?resourceVersion=18446744073709551616', 400, 'parsing "18446744073709551616": value out of range'],
    ['?limit=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['?limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['?continue=e30', 400, 'continue key is not valid: server does not recognize this encoded version'],
    ['?continue=xx', 400, "continue key is not valid: invalid character 'Ç' looking for beginning of value"],
    ['?continue=gg', 400, "continue key is not valid: invalid character '\\u0082' looking for beginning of value"],
    // Upstream: `Test_decodeContinue` (`pkg/storage/continue_test.go`).
    ...['./key', '../key', 'a//key', 'key/', 'key/../..'].map((start): [string, number, string] => [
      `?continue=${encodeContinue({ revision: 1, start })}`,
      400,
      `continue key is not valid: ${start}`,
    ]),
    ['?fieldSelector=data.x%3D1', 400, '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ['?labelSelector=app%20in%20(web', 400, "found '', expected: ',' or ')'"],
    ['?sendInitialEvents=true', 422, 'sendInitialEvents is forbidden for list'],
  ])('with %s is refused', async (query, status, message) => {
    expect(await failure('past', query)).toMatchObject({ status, message: expect.stringContaining(message) });
  });

  // Upstream: the field label conversions of `pkg/apis/batch/v1` and `pkg/apis/resource/v1`.
  test.each([
    ['/apis/batch/v1/jobs', 'field label "x" not supported for Job'],
    ['/apis/resource.k8s.io/v1/resourceslices', 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x'],
  ])('of %s by what there is no field for is refused in words of its own', async (path, message) => {
    expect((await api.request('GET', `${path}?fieldSelector=x%3D1`)).json()).toMatchObject({ code: 400, message });
  });

  test('by the namespace that an object has not is refused where the kind has words for what it may be selected by', async () => {
    const slices = await api.request('GET', '/apis/resource.k8s.io/v1/resourceslices?fieldSelector=metadata.namespace%3Dx');
    const message = 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: metadata.namespace';
    expect(slices.json()).toMatchObject({ code: 400, message });
  });

  test('by no field that is nothing has all', async () => {
    await fill('nothing', ['a', 'b']);
    expect((await list('nothing', '?fieldSelector=%3D')).names).toEqual(['a', 'b']);
    expect((await list('nothing', '?fieldSelector=%3D,metadata.name!%3Da')).names).toEqual(['b']);
    expect((await failure('nothing', '?fieldSelector=%3Da')).message).toContain('"" is not a known field selector');
  });

  test('reads nothing of a parameter with a broken escape or a semicolon, as Go does', async () => {
    await fill('broken', ['a', 'b']);
    expect((await list('broken', '?limit=1&continue=%%%')).names).toEqual(['a']);
    expect((await list('broken', '?limit=1;&labelSelector=%zz&fieldSelector=metadata.name%3Db')).names).toEqual(['b']);
  });

  test('of all namespaces has them in order', async () => {
    await fill('x1', ['a']);
    await fill('x0', ['b']);
    const answer = await api.request('GET', '/api/v1/configmaps?fieldSelector=metadata.namespace!=past');
    const { items } = answer.json<{ items: { metadata: { namespace: string } }[] }>();
    const names = items.map(({ metadata }) => metadata.namespace);
    expect(names.indexOf('x0')).toBeLessThan(names.indexOf('x1'));
    expect(names).not.toContain('past');
  });

  test('that is larger than a write to the socket arrives whole', async () => {
    const data = { blob: 'x'.repeat(100_000) };
    for (let i = 0; i < 20; i++) await api.request('POST', pathOf('large'), { body: { metadata: { name: `l-${i}` }, data } });
    const answer = await api.request('GET', pathOf('large'));
    expect(Buffer.byteLength(answer.text)).toBe(Number(answer.headers['content-length']));
    expect(answer.json<List>().items).toHaveLength(20);
  });

  // Upstream: `endpoints/handlers/responsewriters/writers_test.go`.
  test.each([
    ['gzip', 'gzip', true],
    ['one of several', 'deflate , gzip,br', true],
    ['gzip by quality, which is not understood', 'gzip;q=1', false],
    ['something else', 'deflate', false],
  ])('that is large is compressed for who takes %s', async (_, encoding, isCompressed) => {
    const data = { blob: 'x'.repeat(100_000) };
    for (const name of ['a', 'b']) await api.request('POST', pathOf('zipped'), { body: { metadata: { name }, data } });
    const headers = { 'accept-encoding': encoding };
    const told = { 'content-encoding': isCompressed ? 'gzip' : undefined, vary: isCompressed ? 'Accept-Encoding' : undefined };
    const plain = await api.request('GET', pathOf('zipped'));
    for (const path of [pathOf('zipped'), `${pathOf('zipped')}?pretty=1`]) {
      const answer = await api.request('GET', path, { headers });
      expect([answer.headers['content-encoding'], answer.headers.vary]).toEqual(Object.values(told));
      expect(answer.json()).toEqual(plain.json());
    }
    const one = await api.request('GET', `${pathOf('zipped')}/a`, { headers });
    expect(one.headers).not.toHaveProperty('content-encoding');
    const made = await api.request('POST', pathOf('zipped'), {
      body: { metadata: { generateName: 'c-' }, data: { blob: 'x'.repeat(140_000) } },
      headers,
    });
    expect([made.status, made.headers['content-encoding']]).toEqual([201, told['content-encoding']]);
    await api.request('DELETE', pathOf('zipped'));
  });

  // Upstream: the routes of `endpoints/installer.go` are for GET, and go-restful's router compares methods as they are.
  test.each(['configmaps', 'configmaps/a'])('is not asked for by HEAD, nor is what is in it (%s)', async (below) => {
    const answer = await api.request('HEAD', `/api/v1/namespaces/pages/${below}`);
    expect(answer).toMatchObject({ status: 405, text: '' });
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(0);
  });
});
