import type { ImageState } from './node-info.ts';

/** An image that nodes have. */
export interface PlacedImage {
  /** How many nodes have it. */
  readonly nodes: number;
  /** As the first of them said: it is the same image for all. */
  readonly sizeBytes: number;
}

/** The images of all nodes, by name. Upstream: `pkg/scheduler/backend/cache/cache.go` imageStates. */
export class ImageNodes {
  readonly #images = new Map<string, PlacedImage>();

  of(name: string): PlacedImage | undefined {
    return this.#images.get(name);
  }

  /** What a node had is gone before what it has is there: an image that it alone has may be of another size now. */
  replace(before: ReadonlyMap<string, ImageState>, after: ReadonlyMap<string, ImageState>): void {
    if (before === after) return;
    for (const name of before.keys()) {
      const image = this.of(name);
      if (image && image.nodes > 1) this.#images.set(name, { ...image, nodes: image.nodes - 1 });
      else this.#images.delete(name);
    }
    for (const [name, { sizeBytes }] of after) {
      const image = this.of(name);
      this.#images.set(name, image ? { ...image, nodes: image.nodes + 1 } : { nodes: 1, sizeBytes });
    }
  }
}
