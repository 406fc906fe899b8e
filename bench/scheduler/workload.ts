import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Draft, Node, Pod } from '../../api/index.ts';

/** Objects that are made after one pattern. */
export interface Many {
  readonly count: number;
  readonly template: object;
}

/** What is scheduled on what: see `workloads/workloads.yaml`. */
export interface Workload {
  readonly name: string;
  /** Pods per second; absent where upstream has no threshold. */
  readonly goal?: number;
  readonly nodes: Many;
  readonly initPods: readonly Many[];
  readonly measurePods?: Many;
  /** Instead of pods: nodes say that they are well, one after the other. */
  readonly heartbeats?: { readonly perSecond: number; readonly seconds: number };
  /** Pods that come one after the other while it is measured, in a namespace of their own. */
  readonly churn?: { readonly intervalMs: number; readonly template: object };
}

/** Reads the workloads; the files are beside the sources. */
export function loadWorkloads(root: string): readonly Workload[] {
  const file = join(root, 'bench', 'scheduler', 'workloads', 'workloads.yaml');
  return (parse(readFileSync(file, 'utf8'), { merge: true }) as { readonly workloads: readonly Workload[] }).workloads;
}

/** The i-th object of a pattern: `{i}` and `{i%n}` are its number. */
export function nodeOf(template: object, i: number): Draft<Node> {
  return JSON.parse(filled(template, i));
}

/** The status of a node that has nothing new to say. */
export function heartbeatOf({ status }: Draft<Node>, i: number): Draft<Node>['status'] {
  const lastHeartbeatTime = new Date(1_767_225_600_000 + 1_000 * i).toISOString().replace('.000', '');
  return {
    ...status,
    conditions: (status?.conditions ?? []).map((condition) => ({ ...condition, lastHeartbeatTime })),
  } as Draft<Node>['status'];
}

/** Lets a heart beat so often for so long. @returns how many times it did. */
export async function beat({ perSecond, seconds }: NonNullable<Workload['heartbeats']>, one: (i: number) => unknown): Promise<number> {
  const end = performance.now() + 1_000 * seconds;
  let beats = 0;
  for (const begin = performance.now(); performance.now() < end; ) {
    const due = ((performance.now() - begin) / 1_000) * perSecond;
    while (beats < due) one(beats++);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return beats;
}

export function podOf(template: object, i: number): Draft<Pod> {
  const pod: Draft<Pod> & { metadata: { generateName?: string } } = JSON.parse(filled(template, i));
  const { generateName = '', ...metadata } = pod.metadata;
  const spec = { schedulerName: 'default-scheduler', ...pod.spec };
  return { apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { ...metadata, name: `${generateName}${i}` }, spec };
}

const filled = (template: object, i: number): string =>
  JSON.stringify(template)
    .replaceAll('{i}', String(i))
    .replaceAll(/\{i%(\d+)\}/g, (_, n: string) => String(i % Number(n)));
