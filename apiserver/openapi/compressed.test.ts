import { expect, it } from 'vitest';
import { startCrdServer } from '../custom-resources/testing.ts';

it('a document that is compressed says once that it varies by the encoding', async () => {
  await using server = await startCrdServer();
  const { headers } = await server.request('GET', '/openapi/v2', { headers: { 'accept-encoding': 'gzip' } });
  expect([headers['content-encoding'], headers.vary]).toEqual(['gzip', 'Accept-Encoding, Accept']);
});
