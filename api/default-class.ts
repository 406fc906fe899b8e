import type { KubeObject } from './object.ts';

/** Annotations that mark a StorageClass as the default. */
export const DEFAULT_STORAGE_CLASS_MARKS: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class to use where none is named: of those that one of the annotations marks, the newest, and of several the first by name. */
export function defaultClassOf<T extends KubeObject>(classes: readonly T[], marks: readonly string[]): T | undefined {
  const [chosen] = classes
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'))
    .sort(
      ({ metadata: a }, { metadata: b }) =>
        compare(b.creationTimestamp ?? '', a.creationTimestamp ?? '') || compare(a.name ?? '', b.name ?? ''),
    );
  return chosen;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
