import { describe, expect, it } from 'vitest';
import { seededRandom } from '../runtime/index.ts';
import { ConnectionError } from './errors.ts';
import { WatchDecoder } from './watch-decoder.ts';

const frame = (text: string) => ({ type: 'ADDED', object: { text } });

describe('WatchDecoder', () => {
  it('decodes the same frames however the bytes are cut, characters of several bytes included', () => {
    const frames = ['', 'plain', 'zwölf Boxkämpfer', '日本語 – ☃ 🚀', 'new\nline', 'x'.repeat(3000)].map(frame);
    const bytes = Buffer.from(frames.map((f) => `${JSON.stringify(f)}\n`).join(''));
    const seed = 7;
    const random = seededRandom(seed);
    for (let round = 0; round < 300; round++) {
      const decoder = new WatchDecoder();
      const decoded: unknown[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.integer(round < 20 ? 3 : 400);
        decoded.push(...decoder.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(decoded, `seed ${seed}, round ${round}`).toEqual(frames);
      expect(decoder.end()).toBeUndefined();
    }
  });

  it('takes a frame of 32 MB in small pieces in linear time', () => {
    const decoder = new WatchDecoder();
    const bytes = Buffer.from(`${JSON.stringify(frame('y'.repeat(32 * 2 ** 20)))}\n`);
    let frames = 0;
    for (let at = 0; at < bytes.length; at += 16_384) frames += decoder.push(bytes.subarray(at, at + 16_384)).length;
    expect(frames).toBe(1);
  });

  it('takes a last frame without its newline, and blank lines', () => {
    const decoder = new WatchDecoder();
    expect(decoder.push(Buffer.from('\r\n\n{"type":"ADDED","object":{}}'))).toEqual([]);
    expect(decoder.end()).toEqual({ type: 'ADDED', object: {} });
  });

  it.each(['garbage\n', '{"type":"ADDED"}\n', '[]\n', '42\n', 'null\n', '{"type":7,"object":{}}\n'])('refuses %j', (text) => {
    expect(() => new WatchDecoder().push(Buffer.from(text))).toThrow(ConnectionError);
  });

  it('refuses a frame that was cut off, and one without end', () => {
    const decoder = new WatchDecoder();
    decoder.push(Buffer.from('{"type":"ADD'));
    expect(() => decoder.end()).toThrow(ConnectionError);
    const endless = new WatchDecoder();
    const piece = Buffer.alloc(2 ** 20, 'a');
    expect(() => {
      for (let i = 0; i < 100; i++) endless.push(piece);
    }).toThrow('too long');
  });
});
