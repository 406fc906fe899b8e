import { z } from 'zod';
import { apiError, coreKinds, isQualifiedName, isValidLabelValue, type Namespace, type Pod } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { plainError } from '../registry/store-errors.ts';
import { sortedMap } from '../strategies/shared.ts';
import type { AdmissionConfiguration } from './configuration.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods, type PodAttributes } from './pods.ts';

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const CLUSTER_DEFAULT = 'clusterDefaultNodeSelector';

type Labels = Readonly<Record<string, string>>;

const schema = z.object({ podNodeSelectorPluginConfig: z.record(z.string(), z.string()).nullish() });

/** Selectors by namespace, as texts. @throws UserError */
export const nodeSelectorsOf = (configuration: AdmissionConfiguration): Labels =>
  configuration.of('PodNodeSelector', schema)?.podNodeSelectorPluginConfig ?? {};

/**
 * Sends the pods of a namespace to the nodes that its annotation selects, and keeps them to those that the configuration allows. Upstream:
 * `plugin/pkg/admission/podnodeselector`.
 */
export const podNodeSelector = (objects: ObjectReader, selectors: Labels): AdmissionPlugin => ({
  name: 'PodNodeSelector',
  admit: onPods(['CREATE'], (_context, attributes) => {
    const selector = selectorOf(objects, attributes.namespace, selectors);
    refuseConflict(attributes, selector);
    const { spec } = attributes.pod;
    if (Object.keys(selector).length > 0) spec.nodeSelector = sortedMap({ ...selector, ...spec.nodeSelector });
    refuseForeign(attributes, selectors);
  }),
  validate: onPods(['CREATE'], (_context, attributes) => {
    refuseConflict(attributes, selectorOf(objects, attributes.namespace, selectors));
    refuseForeign(attributes, selectors);
  }),
});

/** What the namespace says or, if nothing, the cluster. */
function selectorOf(objects: ObjectReader, name: string, selectors: Labels): Labels {
  const namespace = objects.get<Namespace>(coreKinds.namespaces, '', name);
  if (!namespace) throw apiError.internal(`namespace ${name} does not exist`);
  return readLabels(namespace.metadata.annotations?.[ANNOTATION] ?? selectors[CLUSTER_DEFAULT] ?? '');
}

function refuseConflict({ kind, name, pod }: PodAttributes, selector: Labels): void {
  const own = nodeSelectorOf(pod);
  const differs = Object.entries(selector).some(([key, value]) => own[key] !== undefined && own[key] !== value);
  if (differs) throw apiError.forbidden(kind, name, 'pod node label selector conflicts with its namespace node label selector');
}

function refuseForeign({ kind, namespace, name, pod }: PodAttributes, selectors: Labels): void {
  const allowed = readLabels(selectors[namespace] ?? '');
  if (Object.keys(allowed).length === 0) return;
  if (Object.entries(nodeSelectorOf(pod)).every(([key, value]) => allowed[key] === value)) return;
  throw apiError.forbidden(kind, name, 'pod node label selector labels conflict with its namespace whitelist');
}

const nodeSelectorOf = ({ spec }: Pod): Labels => spec.nodeSelector ?? {};

/** `a=b, c=d`. Upstream: `ConvertSelectorToLabelsMap`. @throws ApiError (500) for anything else */
function readLabels(text: string): Labels {
  if (text === '') return {};
  return Object.fromEntries(
    text.split(',').map((part) => {
      const pair = part.split('=');
      const [key = '', value = ''] = pair.map((side) => side.trim());
      if (pair.length !== 2) throw plainError(`invalid selector: ${part}`);
      const [problem] = [...isQualifiedName(key), ...isValidLabelValue(value)];
      if (problem !== undefined) throw plainError(`invalid selector: ${part}: ${problem}`);
      return [key, value];
    }),
  );
}
