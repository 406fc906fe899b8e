import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { type ServingContent, ServingFiles } from './serving-files.ts';

function certificate(commonName: string, use: 'ca' | 'server') {
  const key = generateKey();
  const [notBeforeMs, notAfterMs] = [systemClock.now() - 60_000, systemClock.now() + 3_600_000];
  return { pem: issueCertificate({ subject: { commonName }, key, use, notBeforeMs, notAfterMs }), key: keyToPem(key) };
}

test('the CA of front proxies is followed, and a CA of clients that cannot be read keeps nothing else waiting', async () => {
  await using directory = await tempDirectory();
  const at = (name: string) => join(directory.path, name);
  const [ca, other] = [certificate('ca', 'ca').pem, certificate('other', 'ca').pem];
  const [first, second] = [certificate('first', 'server'), certificate('second', 'server')];
  const write = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  };
  write({ cert: first.pem, key: first.key, clients: ca, proxies: ca });
  let content: ServingContent = { cert: first.pem, key: first.key, clientCa: ca, frontProxyCa: ca, named: [] };
  const clock = new VirtualClock();
  const files = new ServingFiles({
    paths: { cert: at('cert'), key: at('key'), clientCas: [at('clients')], frontProxyCa: at('proxies'), named: [] },
    content,
    clock,
    logger: silentLogger,
    onChange: (changed) => (content = changed),
  });
  await files.start();
  write({ cert: second.pem, key: second.key, clients: 'nonsense', proxies: `${ca}${other}` });
  await clock.advance(60_000);
  await files.stop();
  expect(content).toEqual({ cert: second.pem, key: second.key, clientCa: ca, frontProxyCa: `${ca}${other}`, named: [] });
});
