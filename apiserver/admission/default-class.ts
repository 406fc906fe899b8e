import type { KindInfo, KubeObject } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';

/** The class to use where none is named: of those that one of the annotations marks, the newest, and of several the first by name. */
export function defaultClassName(objects: ObjectReader, kind: KindInfo, marks: readonly string[]): string | undefined {
  const [chosen] = objects
    .list<KubeObject>(kind)
    .map(({ metadata }) => metadata)
    .filter(({ annotations }) => marks.some((mark) => annotations?.[mark] === 'true'))
    .sort((a, b) => compare(b.creationTimestamp ?? '', a.creationTimestamp ?? '') || compare(a.name ?? '', b.name ?? ''));
  return chosen?.name;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
