// What upstream says of objects that have no Go struct, where it says it because they have none.
import { expect, it } from 'vitest';
import { establish, patch, startCrdServer, version, WIDGETS, widget, widgets } from './testing.ts';

it('patches may not take away what an object says it is, bodies are no lists', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await server.request('POST', WIDGETS, { body: widget('a') });
  const said = async (operation: object, name = 'a') => {
    const answer = await patch(server, `${WIDGETS}/${name}`, [operation], 'application/json-patch+json');
    return answer.json<{ message: string }>();
  };
  expect((await said({ op: 'remove', path: '/kind' })).message).toMatch(
    /^ "" is invalid: patch: Invalid value: "(.*)": Object 'Kind' is missing in '\{"apiVersion":"example.com\/v1","metadata":\{"creationTimestamp":/,
  );
  expect((await said({ op: 'replace', path: '/apiVersion', value: 'a/b/c' })).message).toMatch(
    /": unexpected GroupVersion string: a\/b\/c$/,
  );
  expect(await said({ op: 'remove', path: '/apiVersion' })).toMatchObject({
    code: 500,
    message: "Internal error occurred: Object 'apiVersion' is missing in 'object has no apiVersion field'",
  });
  expect((await server.request('POST', WIDGETS, { raw: '[1]' })).json<{ message: string }>().message).toContain(
    "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct",
  );
  // Nobody reads the patch of what is not there.
  const missing = { raw: 'x', headers: { 'content-type': 'application/merge-patch+json' } };
  expect((await server.request('PATCH', `${WIDGETS}/none`, missing)).status).toBe(404);
});

it('what a patch makes of an object is refused in the name of what it then says that it is', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await server.request('POST', WIDGETS, { body: widget('a') });
  const said = async (body: object) => (await patch(server, `${WIDGETS}/a`, body)).json<{ message: string }>().message;
  const invalid = (given: string) => `apiVersion: Invalid value: "${given}": must be example.com/v1`;
  expect(await said({ apiVersion: 'other.com/v2' })).toBe(`Widget.other.com "a" is invalid: ${invalid('other.com/v2')}`);
  expect(await said({ apiVersion: 'v1' })).toBe(`Widget "a" is invalid: ${invalid('v1')}`);
  expect(await said({ metadata: [] })).toContain(': json: cannot unmarshal array into Go value of type v1.ObjectMeta');
});

it('an apply cannot change a Scale, for which upstream has no conversion', async () => {
  await using server = await startCrdServer();
  const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' };
  await establish(server, widgets({ versions: [version('v1', { subresources: { scale } })] }));
  const scaled = async (name: string, replicas: number) => {
    const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } };
    const answer = await patch(server, `${WIDGETS}/${name}/scale?fieldManager=m`, body, 'application/apply-patch+yaml');
    return [answer.status, answer.json<{ message?: string }>().message];
  };
  const why = 'to proper version: request to convert CR to an invalid group/version: autoscaling/v1';
  await server.request('POST', WIDGETS, { body: { ...widget('a'), spec: {} } });
  await patch(server, `${WIDGETS}/a/scale`, { spec: { replicas: 1 } });
  const existing = `failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) ${why}`;
  expect(await scaled('a', 2)).toEqual([500, existing]);
  await server.request('POST', WIDGETS, { body: { ...widget('b'), spec: { n: 1 } } });
  expect(await scaled('b', 1)).toEqual([200, undefined]);
  expect(await scaled('b', 2)).toEqual([500, `failed to convert new object (/b; autoscaling/v1, Kind=Scale) ${why}`]);
});
