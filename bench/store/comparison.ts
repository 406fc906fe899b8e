/** Stores side by side: in each round every store does the workload once, each time another one first; medians are compared. */
import { median, type Row } from './measure.ts';
import type { Subject } from './subjects.ts';
import { prepare, type Workload, workloads } from './workloads.ts';

export interface ComparisonOptions {
  readonly rounds: number;
  readonly scale: number;
  /** Part of the name of the workloads to do. */
  readonly only: string;
}

/** @param subjects the first is compared with each of the others. @returns a table. */
export async function compare(subjects: readonly Subject[], options: ComparisonOptions): Promise<Record<string, unknown>[]> {
  for (const { store } of subjects) await prepare(store);
  const rows: Record<string, unknown>[] = [];
  for (const workload of workloads.filter(({ name }) => name.includes(options.only)))
    rows.push(await compareOn(workload, subjects, options));
  return rows;
}

async function compareOn(workload: Workload, subjects: readonly Subject[], { rounds, scale }: ComparisonOptions) {
  const rows = new Map<Subject, Row[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    const turn = round % subjects.length;
    for (const subject of [...subjects.slice(turn), ...subjects.slice(0, turn)]) {
      rows.get(subject)?.push(await workload.run(subject.store, scale));
    }
  }
  const table: Record<string, unknown> = { workload: workload.name };
  const perSecond = (subject: Subject) => median((rows.get(subject) ?? []).map((row) => row.perSecond));
  const [first] = subjects;
  for (const subject of subjects) {
    const p99 = median((rows.get(subject) ?? []).map((row) => row.p99Ms));
    table[`${subject.name}, per s`] = perSecond(subject);
    table[`${subject.name}, p99 ms`] = p99;
  }
  for (const subject of subjects.slice(1)) {
    if (first) table[`times ${subject.name}`] = Number((perSecond(first) / perSecond(subject)).toFixed(2));
  }
  if (subjects.length > 1) table.goal = workload.goal ?? '';
  return table;
}
