import { strict as assert } from 'node:assert';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { mendAuthority } from './authority.ts';
import { EMPTY_SETTINGS, Http2Opening } from './opening.ts';

/** What `etcdctl --endpoints http://127.0.0.1:7009 endpoint status` of 3.4 sends. */
const PREFACE = Buffer.from('505249202a20485454502f322e300d0a0d0a534d0d0a0d0a', 'hex');
const SETTINGS = Buffer.from('000000040000000000', 'hex');
const ACKNOWLEDGED = Buffer.from('000000040100000000', 'hex');
const REQUEST = Buffer.from(
  '0000760104000000018386459760a924882d9dcb6571afa066a925a87510ac6e48d36a3f418f9d29aee30c044eae05c0b86e3a003f5f8b1d75d0620d263d4c4d65647a8b9acac8b4c7602bb2caecff40027465864d833505b11f40899acac8b24d494f6a7f8669f7db75c76d408d25062d495875996ee5b1063d5f03332e34',
  'hex',
);
const BODY = Buffer.from('0000050001000000010000000000', 'hex');

describe('the opening of an HTTP/2 connection', () => {
  it('of a client that waits for settings: they are sent, and their acknowledgement is kept from Node', () => {
    const opening = new Http2Opening();
    expect(opening.push(PREFACE)).toEqual({ type: 'wait' });
    expect(opening.push(SETTINGS)).toEqual({ type: 'answer' });
    expect(opening.push(ACKNOWLEDGED)).toEqual({ type: 'wait' });
    const step = opening.push(Buffer.concat([REQUEST, BODY]));
    assert(step.type === 'done');
    expect(step.bytes.subarray(0, 33)).toEqual(Buffer.concat([PREFACE, SETTINGS]));
    expect(step.bytes.subarray(33 + REQUEST.length)).toEqual(BODY);
    expect(step.bytes.length).toBe(33 + REQUEST.length + BODY.length);
  });

  it('of a client that sends its request at once: nothing is sent', () => {
    expect(new Http2Opening().push(Buffer.concat([PREFACE, SETTINGS, REQUEST, BODY])).type).toBe('done');
  });

  it('of a client that does not wait, but is slow: its acknowledgement is waited for', () => {
    const opening = new Http2Opening();
    expect(opening.push(Buffer.concat([PREFACE, SETTINGS]))).toEqual({ type: 'answer' });
    expect(opening.push(REQUEST)).toEqual({ type: 'wait' });
    const step = opening.push(Buffer.concat([BODY, ACKNOWLEDGED]));
    assert(step.type === 'done');
    expect(step.bytes.length).toBe(33 + REQUEST.length + BODY.length);
  });

  it('is understood however it is cut', () => {
    const all = Buffer.concat([PREFACE, SETTINGS, REQUEST, BODY]);
    const whole = new Http2Opening().push(Buffer.from(all));
    assert(whole.type === 'done');
    for (let cut = 1; cut < PREFACE.length + SETTINGS.length; cut += 5) {
      const opening = new Http2Opening();
      expect(opening.push(all.subarray(0, cut))).toEqual({ type: 'wait' });
      expect(opening.push(Buffer.from(all.subarray(cut)))).toEqual(whole);
    }
  });
});

describe('the authority', () => {
  const block = () => Buffer.from(REQUEST.subarray(9));

  it('that Node would refuse is written over, and nothing else is', () => {
    const mended = block();
    mendAuthority(mended);
    const differs = [...mended.keys()].filter((at) => mended[at] !== block()[at]);
    const start = block().indexOf(Buffer.from('418f', 'hex')) + 2;
    expect(differs.length).toBeGreaterThan(0);
    expect(Math.min(...differs)).toBeGreaterThanOrEqual(start);
    expect(Math.max(...differs)).toBeLessThan(start + 15);
  });

  it('that is in order stays', () => {
    const plain = Buffer.from('8386410e3132372e302e302e313a32333739', 'hex');
    const before = Buffer.from(plain);
    mendAuthority(plain);
    expect(plain).toEqual(before);
  });

  it('that is not encoded is mended too', () => {
    const authority = Buffer.from('http://a');
    const plain = Buffer.concat([Buffer.from([0x83, 0x41, authority.length]), authority]);
    mendAuthority(plain);
    expect(plain.subarray(3).toString()).toBe('aaaaaaaa');
  });

  it('leaves alone what it does not understand', () => {
    for (const hex of ['41', '41ff', '418f9d', '7f', '']) {
      const odd = Buffer.from(hex, 'hex');
      mendAuthority(odd);
      expect(odd.toString('hex')).toBe(hex);
    }
  });

  it('is accepted by Node afterwards, and its length is what the client thinks', async () => {
    const server = createHttp2Server();
    const headers = new Promise<Record<string, unknown>>((resolve) => server.on('stream', (_stream, seen) => resolve(seen)));
    await using port = await behindOpening(server);
    const socket = connect(port.number, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(Buffer.concat([ACKNOWLEDGED, REQUEST, BODY]));
    const seen = await headers;
    expect(seen[':path']).toBe('/etcdserverpb.Maintenance/Status');
    expect(seen[':authority']).toHaveLength('http://127.0.0.1:7009'.length);
    expect(seen['content-type']).toBe('application/grpc');
    socket.destroy();
  });
});

/** A port whose connections are opened and then Node's. */
async function behindOpening(server: Http2Server) {
  const sockets = new Set<Socket>();
  const net = createServer((socket) => {
    sockets.add(socket);
    const opening = new Http2Opening();
    const onReadable = () => {
      const bytes: Buffer | null = socket.read();
      const step = bytes === null ? { type: 'wait' as const } : opening.push(bytes);
      if (step.type === 'answer') socket.write(EMPTY_SETTINGS);
      if (step.type !== 'done') return;
      socket.off('readable', onReadable);
      socket.unshift(step.bytes);
      server.emit('connection', socket);
    };
    socket.on('readable', onReadable).on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => net.listen(0, '127.0.0.1', resolve));
  const address = net.address();
  const dispose = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => net.close(() => resolve()));
  };
  return { number: typeof address === 'object' && address ? address.port : 0, [Symbol.asyncDispose]: dispose };
}
