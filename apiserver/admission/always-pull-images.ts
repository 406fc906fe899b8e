import { type Container, coreKinds, fieldError, type Pod } from '../../api/index.ts';
import { plainError } from '../registry/store-errors.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { aggregate, refusal } from './refusal.ts';

const ALWAYS = 'Always';

/**
 * Every image is pulled each time, so that nobody runs one that only others may pull. Upstream: `plugin/pkg/admission/alwayspullimages`.
 */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  admit: (_context, attributes) => {
    const pod = podOf(attributes);
    if (!pod) return;
    for (const { container } of containersOf(pod)) container.imagePullPolicy = ALWAYS;
    for (const { image } of pod.spec.volumes ?? []) if (image) image.pullPolicy = ALWAYS;
  },
  validate: (_context, attributes) => {
    const pod = podOf(attributes);
    if (!pod) return;
    const errors = containersOf(pod)
      .filter(({ container }) => container.imagePullPolicy !== ALWAYS)
      .map(({ container, path }) => fieldError.notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, [ALWAYS]))
      .map(({ field, body }) => refusal(attributes, `${field}: ${body}`).message);
    if (errors.length > 0) throw plainError(aggregate(errors)); // upstream's aggregate is no Status
  },
};

/** The pod, when it is new or gets an image that it did not have. */
function podOf({ operation, kind, subresource, object, old }: AdmissionAttributes): Pod | undefined {
  if (kind !== coreKinds.pods || subresource !== '' || !object) return undefined;
  // The objects of a pods request are pods: they were decoded as such.
  const pod = object as Pod;
  if (operation === 'CREATE') return pod;
  if (operation !== 'UPDATE') return undefined;
  const images = new Set(old ? containersOf(old as Pod).map(({ container }) => container.image) : []);
  return containersOf(pod).some(({ container }) => !images.has(container.image)) ? pod : undefined;
}

type Pulled = Pick<Container, 'image' | 'imagePullPolicy'>;

const containersOf = ({ spec }: Pod): { container: Pulled; path: string }[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, i) => ({ container, path: `spec.${list}[${i}]` })),
  );
