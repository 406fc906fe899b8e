import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { FollowedPair } from './followed-pair.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nanokube-pair-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function aPair(commonName: string) {
  const key = generateKey();
  const [notBeforeMs, notAfterMs] = [systemClock.now() - 60_000, systemClock.now() + 3_600_000];
  return { certificate: issueCertificate({ subject: { commonName }, key, use: 'client', notBeforeMs, notAfterMs }), key: keyToPem(key) };
}

test('what the files have is followed once certificate and key belong together', async () => {
  const paths = { certificate: join(directory, 'c.crt'), key: join(directory, 'c.key') };
  const write = async ({ certificate, key }: { certificate?: string; key?: string }) => {
    if (certificate !== undefined) await writeFile(paths.certificate, certificate);
    if (key !== undefined) await writeFile(paths.key, key);
  };
  const [first, second] = [aPair('first'), aPair('second')];
  await write(first);
  const clock = new VirtualClock();
  const pair = new FollowedPair({ paths, content: first, clock, logger: silentLogger });
  await pair.start();
  const looked = async () => {
    await clock.advance(2000);
    return pair.current;
  };
  expect(await looked()).toBe(first);
  await write({ certificate: second.certificate });
  expect(await looked()).toBe(first);
  await write({ key: second.key });
  expect(await looked()).toEqual(second);
  expect(await looked()).toBe(pair.current);
  await rm(paths.key);
  expect(await looked()).toEqual(second);
  await pair.stop();
  await write(first);
  expect(await looked()).toEqual(second);
});
