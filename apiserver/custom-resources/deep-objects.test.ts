import { expect, it } from 'vitest';
import { establish, patch, startCrdServer, version, WIDGETS, widget, widgets } from './testing.ts';

/** An object in an object, so many levels deep. */
const nested = (levels: number, inner: unknown): unknown => (levels === 0 ? inner : { a: nested(levels - 1, inner) });

it.each([
  ['json', (deep: unknown) => [{ op: 'add', path: `/spec${'/a'.repeat(600)}`, value: deep }]],
  ['merge', (deep: unknown) => ({ spec: nested(600, deep) })],
])('an object is not made deeper than may be sent by a %s patch', async (type, patchOf) => {
  await using server = await startCrdServer();
  await establish(
    server,
    widgets({
      versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } })],
    }),
  );
  await server.request('POST', WIDGETS, { body: { ...widget('a'), spec: nested(600, {}) } });
  const change = (levels: number) => patch(server, `${WIDGETS}/a`, patchOf(nested(levels, 1)), `application/${type}-patch+json`);
  expect((await change(350)).status).toBe(200);
  expect((await change(395)).status).toBe(200);
  const refused = await change(type === 'json' ? 900 : 400);
  expect(refused.json()).toMatchObject(
    type === 'json'
      ? { code: 422, reason: 'Invalid', message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: .*exceeded max depth$/) }
      : { code: 400, message: 'error decoding patch: exceeded max depth' },
  );
  expect((await server.request('GET', `${WIDGETS}/a`)).status).toBe(200);
});
