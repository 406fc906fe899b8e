/**
 * The store, by itself and beside a real etcd on the same disk, both syncing every write:
 *
 *   npm run bench -- store [--etcd PATH|none] [--endpoint] [--rounds 5] [--quick] [--only NAME] [--part compare|large|amplification]
 *
 * etcd is looked for on the PATH. With --endpoint, `nanokube store` takes part: the same store behind etcd's API, spoken to by the same client. Numbers are for comparing runs on one machine: the ratios are what counts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './store/comparison.ts';
import { amplification, large } from './store/embedded.ts';
import { objectOf, podOf } from './store/objects.ts';
import { findEtcd, openEmbedded, openEndpoint, openEtcd, type Subject } from './store/subjects.ts';

const { values } = parseArgs({
  options: {
    etcd: { type: 'string', default: '' },
    endpoint: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    part: { type: 'string', default: '' },
  },
});
const scale = values.quick ? 0.1 : 1;
const isWanted = (part: string): boolean => values.part === '' || values.part === part;

async function run(directory: string): Promise<void> {
  const subjects = await openSubjects(directory);
  if (isWanted('compare')) console.table(await compare(subjects, { rounds: Number(values.rounds), scale, only: values.only }));
  if (isWanted('amplification')) {
    const rows = [];
    for (const { name, store, pid } of subjects) rows.push(...(await amplification(name, store, { pid, scale })));
    console.table(rows);
  }
  for (const subject of subjects) await subject.close();
  if (!isWanted('large')) return;
  const revisions = 1_000_000 * scale;
  console.table([
    ...(await large(directory, 'few keys', { keys: 100, revisions, value: (seed) => objectOf(seed, 200) })),
    ...(await large(directory, 'many pods', { keys: 150_000 * scale, revisions, value: podOf })),
  ]);
}

async function openSubjects(directory: string): Promise<Subject[]> {
  const subjects = [await openEmbedded(directory)];
  const etcd = values.etcd === '' ? findEtcd() : values.etcd;
  if (etcd === undefined) console.log('there is no etcd on the PATH to compare with: give one with --etcd');
  else if (etcd !== 'none') subjects.push(await openEtcd(directory, etcd));
  if (values.endpoint) subjects.push(await openEndpoint(directory));
  return subjects;
}

const directory = await mkdtemp(join(tmpdir(), 'nanokube-bench-'));
try {
  await run(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(`node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`);
