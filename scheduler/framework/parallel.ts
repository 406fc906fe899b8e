/** Does `work` for 0…pieces-1, so many at once. Rejects with the first error; what has begun goes on. */
export async function inParallel(pieces: number, atOnce: number, work: (piece: number) => Promise<void>): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < pieces) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(pieces, atOnce) }, loop));
}
