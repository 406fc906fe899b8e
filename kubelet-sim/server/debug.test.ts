import { expect, test } from 'vitest';
import { startKubelet } from '../testing/kubelet-server.ts';

// As a kubelet of 1.34.9 answers, whose profiling and flags are turned off.
test.each([
  ['GET', '/debug', 404, '404 page not found\n'],
  ['GET', '/debug/pprof/heap', 405, 'profiling endpoint is disabled.\n'],
  ['GET', '/debug/flags', 404, '404 page not found\n'],
  ['PUT', '/debug/flags/v', 405, 'flags endpoint is disabled.\n'],
  ['GET', '/checkpoint/default/web/main', 405, '405: Method Not Allowed'],
  ['POST', '/checkpoint/default/web', 404, '404: Page Not Found'],
  ['POST', '/checkpoint/default/none/main', 404, 'pod does not exist'],
  ['POST', '/checkpoint/default/web/none', 404, 'container none does not exist'],
  ['POST', '/checkpoint/default/web/main?timeout=x', 404, 'cannot parse value of timeout parameter'],
  [
    'POST',
    '/checkpoint/default/web/main',
    500,
    'checkpointing of default/web/main failed (rpc error: code = Unimplemented desc = method CheckpointContainer not implemented)',
  ],
])('%s %s was not there', async (method, path, status, text) => {
  await using world = await startKubelet();
  await world.node.run({});
  expect(await world.ask(path, undefined, method)).toEqual({ status, text });
});

test('/debug/pprof and /checkpoint have a slash at their end', async () => {
  await using world = await startKubelet();
  expect([(await world.ask('/debug/pprof')).status, (await world.ask('/checkpoint')).status]).toEqual([301, 301]);
});

test('where a path is was told to those only who may use it; slashes that are too many were passed over', async () => {
  await using world = await startKubelet();
  const moved = (to: string) => ({ status: 301, text: `<a href="${to}">Moved Permanently</a>.\n\n` });
  expect(await world.ask('/logs', {})).toEqual(moved('/logs/'));
  expect(await world.ask('/containerLogs//web/main?follow=true', {})).toEqual(moved('/containerLogs/web/main?follow=true'));
});
