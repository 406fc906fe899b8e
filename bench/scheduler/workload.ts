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
  readonly measurePods: Many;
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
