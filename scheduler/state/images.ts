import type { ImageState } from './node-info.ts';

/** How many nodes have an image, by its name. */
export class ImageNodes {
  readonly #nodes = new Map<string, number>();

  of(name: string): number {
    return this.#nodes.get(name) ?? 0;
  }

  replace(before: ReadonlyMap<string, ImageState>, after: ReadonlyMap<string, ImageState>): void {
    if (before === after) return;
    for (const name of after.keys()) this.#nodes.set(name, this.of(name) + 1);
    for (const name of before.keys()) {
      const left = this.of(name) - 1;
      if (left > 0) this.#nodes.set(name, left);
      else this.#nodes.delete(name);
    }
  }
}
