import { describe, expect, it } from 'vitest';
import { newFile, writeContent } from './tree.ts';

const bytes = (text: string) => Buffer.from(text);
const textOf = (content: Uint8Array) => Buffer.from(content).toString();

describe('a file that is written piece by piece', () => {
  it('is not copied whole for each piece', () => {
    const file = newFile(bytes(''), 0);
    const buffers = new Set<ArrayBufferLike>();
    for (let piece = 0; piece < 4096; piece++) {
      writeContent(file, bytes('0123456789abcdef'), true);
      buffers.add(file.content.buffer);
    }
    expect(file.content.byteLength).toBe(4096 * 16);
    expect(textOf(file.content)).toBe('0123456789abcdef'.repeat(4096));
    expect(buffers.size).toBeLessThan(20);
  });

  it('leaves to its readers what they have read', () => {
    const file = newFile(bytes(''), 0);
    const seen = ['one ', 'two ', 'three '].map((piece) => {
      writeContent(file, bytes(piece), true);
      return file.content;
    });
    writeContent(file, bytes('other'), false);
    writeContent(file, bytes(' end'), true);
    expect(seen.map(textOf)).toEqual(['one ', 'one two ', 'one two three ']);
    expect(textOf(file.content)).toBe('other end');
  });

  it('does not grow into a content that another has given it', () => {
    const file = newFile(bytes('ab'), 0);
    writeContent(file, bytes('cd'), true);
    const given = bytes('whole').subarray(0, 2);
    file.content = given;
    writeContent(file, bytes('!!!'), true);
    expect(textOf(file.content)).toBe('wh!!!');
    expect(Buffer.from(given.buffer, given.byteOffset, 5).toString()).toBe('whole');
  });
});
