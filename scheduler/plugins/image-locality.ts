import type { Pod } from '../../api/index.ts';
import type { Handle, PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, SKIP } from '../framework/status.ts';

const NAME = 'ImageLocality';
const MB = 1024 * 1024;
/** Less image than this is not worth a point; so much of each container is worth all of them. */
const MIN_BYTES = 23 * MB;
const MAX_BYTES_PER_CONTAINER = 1000 * MB;

interface PreScored {
  /** Those that nodes have, and what each is worth. */
  readonly images: readonly { readonly name: string; readonly bytes: number }[];
  /** What is worth all points. */
  readonly maxBytes: number;
}

/** Prefers nodes that have a pod's images, the more so the more nodes have them: not to crowd the few. Upstream: `plugins/imagelocality`. */
export const imageLocality: PluginDefinition = {
  name: NAME,
  create: (_args, { snapshot }) => ({
    name: NAME,
    preScore: (state, { pod }) => {
      const known = imagesOf(pod, snapshot);
      if (known.images.length === 0) return SKIP;
      state.write(NAME, known);
      return undefined;
    },
    score: (state, { pod }, node) => {
      // Upstream has no PreScore here: who disables all of them has the scores still.
      const { images, maxBytes } = state.find<PreScored>(NAME) ?? imagesOf(pod, snapshot);
      let bytes = 0;
      for (const image of images) if (node.images.has(image.name)) bytes += image.bytes;
      const clamped = Math.min(maxBytes, Math.max(MIN_BYTES, bytes));
      return Math.trunc((MAX_NODE_SCORE * (clamped - MIN_BYTES)) / (maxBytes - MIN_BYTES));
    },
  }),
};

function imagesOf(pod: Pod, snapshot: Handle['snapshot']): PreScored {
  const containers = containersOf(pod);
  const images = containers.flatMap(({ image = '' }) => {
    const name = normalized(image);
    const known = snapshot.image(name);
    return known ? [{ name, bytes: Math.trunc(known.sizeBytes * (known.nodes / snapshot.nodes.length)) }] : [];
  });
  return { images, maxBytes: MAX_BYTES_PER_CONTAINER * containers.length };
}

const containersOf = ({ spec: { initContainers = [], containers } }: Pod) => [...initContainers, ...containers];

/** Nodes list images with their tags. */
const normalized = (image: string): string => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image);
