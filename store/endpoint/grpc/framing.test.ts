import { describe, expect, it } from 'vitest';
import { Deframer, frame } from './framing.ts';
import { encodeMessage } from './status.ts';

const MESSAGES = ['first', '', 'a longer third one', 'x'].map((text) => Buffer.from(text));

describe('framing', () => {
  it('takes messages apart however they are cut', () => {
    const stream = Buffer.concat(MESSAGES.map(frame));
    for (let size = 1; size <= stream.length; size++) {
      const deframer = new Deframer(100);
      const got: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) got.push(...deframer.push(stream.subarray(at, at + size)));
      expect(got).toEqual(MESSAGES);
    }
  });

  it('refuses what is too large before it has come', () => {
    const head = frame(Buffer.alloc(101)).subarray(0, 5);
    expect(() => new Deframer(100).push(head)).toThrow('grpc: received message larger than max (101 vs. 100)');
  });

  it('refuses what is compressed', () => {
    const compressed = frame(Buffer.from('x'));
    compressed[0] = 1;
    expect(() => new Deframer(100).push(compressed)).toThrow('compressed');
  });
});

describe('the text of an error', () => {
  it('is percent-encoded but for printable ASCII', () => {
    expect(encodeMessage('100% of "größe"\n')).toBe('100%25 of "gr%C3%B6%C3%9Fe"%0A');
  });
});
