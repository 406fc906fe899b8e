/** What only the embedded store is asked: how large it gets, how long it takes to open, and what writers feel of a compaction. */
import { join } from 'node:path';
import { openLevelStore, prefixRange, type Store } from '../../store/index.ts';
import { bytesWritten, megabytes, residentMegabytes, rowOf, seconds } from './measure.ts';
import { type Filling, fill, objectOf, PODS, podKey, podOf, put } from './objects.ts';

type Facts = Record<string, unknown>;

async function sizes(store: Store): Promise<Facts> {
  const { sizeBytes, sizeInUseBytes } = await store.status();
  return { diskMb: megabytes(sizeBytes), inUseMb: megabytes(sizeInUseBytes) };
}

/** Writes one by one for as long as something lasts. */
async function putDuring(store: Store, work: Promise<unknown>): Promise<Facts> {
  let done = false;
  const ended = work.finally(() => {
    done = true;
  });
  const times: number[] = [];
  const started = performance.now();
  for (let i = 0; !done; i++) {
    const begun = performance.now();
    await put(store, podKey(i % 1000), podOf(i));
    times.push(performance.now() - begun);
  }
  await ended;
  const { perSecond, p50Ms, p99Ms, maxMs } = rowOf(times.length, performance.now() - started, times);
  return { tookS: Number(((performance.now() - started) / 1000).toFixed(1)), putsPerS: perSecond, p50Ms, p99Ms, maxMs };
}

/** Many revisions: of many objects, or of few. */
export async function large(directory: string, name: string, filling: Filling): Promise<Facts[]> {
  const facts: Facts[] = [];
  const note = (step: string, more: Facts) => facts.push({ step: `${name}: ${step}`, residentMb: residentMegabytes(), ...more });
  const path = join(directory, name.replaceAll(/\W/g, '-'));
  let store = await openLevelStore({ directory: path });
  note('empty', {});
  const tookS = await seconds(() => fill(store, filling));
  note('filled', { tookS, ...(await sizes(store)) });
  await store.close();
  note('opened', {
    tookS: await seconds(async () => {
      store = await openLevelStore({ directory: path });
    }),
  });
  note('all read', { tookS: await seconds(() => store.range(prefixRange(PODS))) });
  const compacted = await putDuring(store, store.compact(store.revision - 1000));
  note('compacted', { ...compacted, ...(await sizes(store)) });
  await store.close();
  note('opened again', {
    tookS: await seconds(async () => {
      store = await openLevelStore({ directory: path });
    }),
  });
  await store.close();
  return facts;
}

/** Bytes that go to the disk for each byte that is put, and bytes that stay there. */
export async function amplification(name: string, store: Store, { pid, scale }: { pid: number; scale: number }): Promise<Facts[]> {
  const facts: Facts[] = [];
  const revision = store.revision;
  const before = bytesWritten(pid);
  const base = (await store.status()).sizeBytes;
  const filling = { keys: 5000, revisions: Math.ceil(100_000 * scale), value: (seed: number) => objectOf(seed, 1000) };
  const putBytes = await fill(store, filling);
  const note = async (step: string) => {
    const { sizeBytes } = await store.status();
    const per = (bytes: number) => Number((bytes / putBytes).toFixed(2));
    facts.push({
      store: name,
      step,
      putMb: megabytes(putBytes),
      writtenPerByte: per(bytesWritten(pid) - before),
      diskPerByte: per(sizeBytes - base),
    });
  };
  await note(`${store.revision - revision} revisions of ${filling.keys} keys`);
  await store.compact(store.revision);
  await note('compacted');
  await store.defragment();
  await note('defragmented');
  return facts;
}
