import { expect, test } from 'vitest';
import { HeaderCodec } from './header-codec.ts';

test('blocks that come out of zlib in pieces are whole (Node.js 26 gives one piece for a read)', async () => {
  const [ours, theirs] = [new HeaderCodec(), new HeaderCodec()];
  for (const length of [1, 1000, 60_000]) {
    const headers = new Map([
      ['streamtype', 'error'],
      ['x', 'y'.repeat(length)],
    ]);
    expect(await theirs.unpack(await ours.pack(headers))).toEqual(headers);
  }
  ours.close();
  theirs.close();
});
