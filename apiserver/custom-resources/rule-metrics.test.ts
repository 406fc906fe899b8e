// What the rules of custom resources take is told in /metrics: upstream times them in apiextensions-apiserver, `pkg/apiserver/schema/cel`.
import { expect, it } from 'vitest';
import { establish, startCrdServer, version, WIDGETS, widget, widgets } from './testing.ts';

it('counts what was compiled and what was run', async () => {
  await using server = await startCrdServer();
  const counted = async (what: string) => {
    const { text } = await server.request('GET', '/metrics');
    return Number(new RegExp(`^apiserver_cel_${what}_duration_seconds_count (\\d+)$`, 'm').exec(text)?.[1]);
  };
  expect(await counted('evaluation')).toBe(0);
  const rules = [{ rule: 'self.a != "no"' }];
  const spec = { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-validations': rules };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  await establish(server, widgets({ versions: [version('v1', { schema })] }));
  expect(await counted('compilation')).toBeGreaterThan(0);
  expect((await server.request('POST', WIDGETS, { body: widget('a', { a: 'yes' }) })).status).toBe(201);
  expect(await counted('evaluation')).toBe(1);
  expect((await server.request('POST', WIDGETS, { body: widget('b', { a: 'no' }) })).status).toBe(422);
  expect(await counted('evaluation')).toBe(2);
});
