import { apiError, goQuote, type Live, nodeKinds, type RuntimeClass } from '../../api/index.ts';
import { emptyAt } from '../../api/schema.ts';
import { nameMisfit } from '../registry/metadata-validation.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { plainError } from '../registry/store-errors.ts';
import { sortedMap } from '../strategies/shared.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods, type PodAttributes } from './pods.ts';
import { mergeTolerations } from './tolerations.ts';

const KIND = nodeKinds.runtimeclasses;

/**
 * Gives a pod what its runtime class costs, and sends it where the class is supported. Upstream: `plugin/pkg/admission/runtimeclass`,
 * KEP-585 and KEP-688.
 */
export const runtimeClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'RuntimeClass',
  admit: onPods(['CREATE'], async (_context, attributes) => {
    const found = await classOf(objects, attributes);
    if (!found) return;
    setOverhead(attributes, found);
    setScheduling(attributes, found);
  }),
  validate: onPods(['CREATE'], async (_context, attributes) => {
    checkOverhead(attributes, await classOf(objects, attributes));
  }),
});

const rejected = ({ kind, name }: PodAttributes, why: string) => apiError.forbidden(kind, name, `pod rejected: ${why}`);

async function classOf(objects: ObjectReader, attributes: PodAttributes): Promise<Live<RuntimeClass> | undefined> {
  const { runtimeClassName } = attributes.pod.spec;
  if (runtimeClassName === undefined || runtimeClassName === null) return undefined;
  if (runtimeClassName === '') throw plainError('resource name may not be empty');
  const find = () => objects.get<RuntimeClass>(KIND, '', runtimeClassName);
  let found = find();
  if (!found) {
    await objects.fresh();
    found = find();
  }
  if (found) return found;
  const misfit = nameMisfit(runtimeClassName);
  throw misfit === undefined ? rejected(attributes, `RuntimeClass ${goQuote(runtimeClassName)} not found`) : plainError(misfit);
}

function setOverhead(attributes: PodAttributes, { overhead }: Live<RuntimeClass>): void {
  const { spec } = attributes.pod;
  if (!overhead?.podFixed) return;
  if (givesOverhead(attributes) && !semanticEqual(spec.overhead ?? {}, overhead.podFixed)) throw mismatch(attributes);
  spec.overhead = { ...overhead.podFixed };
}

/** The class's labels have to hold beside the pod's own; what it tolerates comes after the pod's own. */
function setScheduling({ kind, name, pod }: PodAttributes, { scheduling }: Live<RuntimeClass>): void {
  if (!scheduling) return;
  const { nodeSelector } = pod.spec;
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
    throw apiError.forbidden(kind, name, why);
  }
  if (scheduling.nodeSelector) pod.spec.nodeSelector = sortedMap({ ...nodeSelector, ...scheduling.nodeSelector });
  if (scheduling.tolerations) pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], scheduling.tolerations);
}

/** Whether a pod says what it costs, be it nothing. */
const givesOverhead = ({ pod }: PodAttributes): boolean =>
  Object.keys(pod.spec.overhead ?? {}).length > 0 || emptyAt(pod, 'spec.overhead') !== undefined;

const mismatch = (attributes: PodAttributes) => rejected(attributes, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");

/** What a pod costs must be what its class says, also when a webhook took it away. */
function checkOverhead(attributes: PodAttributes, found: Live<RuntimeClass> | undefined): void {
  const { overhead } = attributes.pod.spec;
  if (found?.overhead) {
    if (!semanticEqual(found.overhead.podFixed ?? {}, overhead ?? {})) throw mismatch(attributes);
    return;
  }
  if (givesOverhead(attributes)) throw rejected(attributes, 'Pod Overhead set without corresponding RuntimeClass defined Overhead');
}
