import { defaultClassOf, type KindInfo, type KubeObject } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';

/** Name of the class to use where none is named. */
export const defaultClassName = (objects: ObjectReader, kind: KindInfo, marks: readonly string[]): string | undefined =>
  defaultClassOf(objects.list<KubeObject>(kind), marks)?.metadata.name;
