import { z } from 'zod';
import { apiError, coreKinds, type Namespace, parseJson, qosClassOf, type Toleration } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { plainError } from '../registry/store-errors.ts';
import { type AdmissionConfiguration, listIn } from './configuration.ts';
import type { AdmissionOperation, AdmissionPlugin } from './plugin.ts';
import { onPods, type PodAttributes } from './pods.ts';
import { isSuperset, mergeTolerations } from './tolerations.ts';

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const MEMORY_PRESSURE: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.string().optional(),
  value: z.string().optional(),
  effect: z.string().optional(),
  tolerationSeconds: z.number().int().optional(),
});

const schema = z.strictObject({
  apiVersion: z.literal('podtolerationrestriction.admission.k8s.io/v1alpha1'),
  kind: z.literal('Configuration'),
  default: listIn(toleration),
  whitelist: listIn(toleration),
});

/** What holds where a namespace says nothing. */
export interface ClusterTolerations {
  readonly default: readonly Toleration[];
  readonly whitelist: readonly Toleration[];
}

/** @throws UserError */
export const clusterTolerationsOf = (configuration: AdmissionConfiguration): ClusterTolerations =>
  configuration.of('PodTolerationRestriction', schema) ?? { default: [], whitelist: [] };

/**
 * Gives pods the tolerations of their namespace, and refuses those that it does not allow. Upstream:
 * `plugin/pkg/admission/podtolerationrestriction`.
 */
export function podTolerationRestriction(objects: ObjectReader, cluster: ClusterTolerations): AdmissionPlugin {
  const whitelist = (attributes: PodAttributes) => refuseForbidden(objects, cluster, attributes);
  const admitFor = (operation: AdmissionOperation) =>
    onPods([operation], (_context, attributes) => {
      const { spec } = attributes.pod;
      const own = spec.tolerations ?? [];
      const defaults = operation === 'CREATE' ? (said(objects, attributes.namespace, DEFAULTS) ?? cluster.default) : [];
      const given = defaults.length > 0 ? mergeTolerations(defaults, own) : [...own];
      const all = qosClassOf(attributes.pod) === 'BestEffort' ? given : mergeTolerations(given, [MEMORY_PRESSURE]);
      if (all.length > 0) spec.tolerations = all;
      whitelist(attributes);
    });
  const [created, updated] = [admitFor('CREATE'), admitFor('UPDATE')];
  return {
    name: 'PodTolerationRestriction',
    admit: (context, attributes) => (attributes.operation === 'CREATE' ? created : updated)(context, attributes),
    validate: onPods(['CREATE', 'UPDATE'], (_context, attributes) => whitelist(attributes)),
  };
}

/** @throws ApiError (500, as upstream: a bare error) */
function refuseForbidden(objects: ObjectReader, cluster: ClusterTolerations, { namespace, pod }: PodAttributes): void {
  const tolerations = pod.spec.tolerations ?? [];
  if (tolerations.length === 0) return;
  const own = said(objects, namespace, WHITELIST);
  const allowed = own ?? cluster.whitelist;
  if (allowed.length === 0 || tolerations.every((each) => allowed.some((one) => isSuperset(one, each)))) return;
  const scope = own ? 'namespace' : 'cluster';
  throw plainError(`pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`);
}

/** The tolerations in an annotation of the namespace; undefined when it has none. */
function said(objects: ObjectReader, name: string, annotation: string): readonly Toleration[] | undefined {
  const namespace = objects.get<Namespace>(coreKinds.namespaces, '', name);
  if (!namespace) throw apiError.notFound(coreKinds.namespaces, name);
  const text = namespace.metadata.annotations?.[annotation];
  if (text === undefined) return undefined;
  if (text === '') return [];
  const parsed = z.array(toleration.loose()).safeParse(read(text));
  if (!parsed.success) throw plainError(`${annotation}: ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}

function read(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw plainError(error instanceof Error ? error.message : String(error));
  }
}
