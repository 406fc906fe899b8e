// What lies on the disk is for its owner alone.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startApiServer } from '../support/api-server.ts';

const OTHERS = 0o077;

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

it('the database, also one that an earlier version let everybody read, and every key and kubeconfig', async () => {
  const directory = join(parent, 'data');
  mkdirSync(join(directory, 'store'), { recursive: true, mode: 0o755 });
  await using server = await startApiServer({ args: [], directory });
  await server.call('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { a: 'b' } });
  expect(modeOf(join(directory, 'store'))).toBe(0o700);
  expect(modeOf(join(directory, 'pki'))).toBe(0o700);
  const secret = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:key|kubeconfig)$/.test(name));
  expect(secret.length).toBeGreaterThan(5);
  for (const name of secret) expect(modeOf(join(directory, name)) & OTHERS, name).toBe(0);
});
