import type { Coordinates } from './graph.ts';

/** Owners remembered as absent. */
const ABSENT_MAX = 500;

/** Owners that were looked for and are not there, the last used last: a thousand dependents of one owner ask for it once. */
export class AbsentOwners {
  readonly #keys = new Set<string>();

  add(coordinates: Coordinates, uid: string): void {
    const key = keyOf(coordinates, uid);
    this.#keys.delete(key);
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= ABSENT_MAX) break;
      this.#keys.delete(oldest);
    }
  }

  has(coordinates: Coordinates, uid: string): boolean {
    const key = keyOf(coordinates, uid);
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }
}

const keyOf = ({ group, version, kind, namespace, name }: Coordinates, uid: string): string =>
  [uid, group, version, kind, namespace, name].join('|');
