import { expect, test } from 'vitest';
import { inGo } from './webhook-client.ts';

test.each<[string, object, string]>([
  ['ECONNREFUSED', {}, 'dial tcp 10.0.0.1:443: connect: connection refused'],
  ['EHOSTUNREACH', {}, 'dial tcp 10.0.0.1:443: connect: no route to host'],
  [
    'HPE_INVALID_CONSTANT',
    { rawPacket: Buffer.from('bad-http\r\nmore') },
    'net/http: HTTP/1.x transport connection broken: malformed HTTP response "bad-http"',
  ],
])('a call that fails with %s is told of in words of Go', (code, more, text) => {
  expect(inGo(Object.assign(new Error('why'), { code, ...more }), { host: '10.0.0.1', port: 443 })).toBe(text);
});
