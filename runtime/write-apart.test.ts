import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { writeApart } from './write-apart.ts';

/** A connection that takes its time, and tells of each write, several at once as one. */
class Slow extends Duplex {
  readonly writes: string[] = [];

  override _read(): void {
    // Nothing comes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(String(chunk));
    setImmediate(done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
    setImmediate(done);
  }
}

test('what is written while an earlier write is under way goes out by itself', async () => {
  const written = async (prepare: (connection: Duplex) => void) => {
    const connection = new Slow();
    prepare(connection);
    for (const text of ['a', 'b', 'c']) connection.write(text);
    connection.end();
    await new Promise<void>((resolve) => void connection.once('finish', () => resolve()));
    return connection.writes;
  };
  expect(await written(() => undefined)).toEqual(['a', 'b+c']);
  expect(await written(writeApart)).toEqual(['a', 'b', 'c']);
});
