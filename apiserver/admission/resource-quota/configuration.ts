import { z } from 'zod';
import type { ScopedResourceSelectorRequirement } from '../../../api/index.ts';
import { type AdmissionConfiguration, listIn } from '../configuration.ts';

/** What may be used only where a quota covers it. */
export interface LimitedResource {
  readonly apiGroup: string;
  readonly resource: string;
  /** Parts of the names of resources: `.storageclass.storage.k8s.io/`. */
  readonly matchContains: readonly string[];
  readonly matchScopes: readonly ScopedResourceSelectorRequirement[];
}

const limitedResources = listIn(
  z.strictObject({
    apiGroup: z.string().default(''),
    resource: z.string().default(''),
    matchContains: listIn(z.string()),
    matchScopes: listIn(z.strictObject({ scopeName: z.string(), operator: z.string(), values: z.array(z.string()).optional() })),
  }),
);

const schema = z.union(
  [
    z.strictObject({
      apiVersion: z.literal('apiserver.config.k8s.io/v1'),
      kind: z.literal('ResourceQuotaConfiguration'),
      limitedResources,
    }),
    z.strictObject({
      apiVersion: z.enum(['resourcequota.admission.k8s.io/v1beta1', 'resourcequota.admission.k8s.io/v1alpha1']),
      kind: z.literal('Configuration'),
      limitedResources,
    }),
  ],
  'a ResourceQuotaConfiguration of apiserver.config.k8s.io/v1 with limitedResources is expected',
);

/** @throws UserError */
export function limitedResourcesOf(configuration: AdmissionConfiguration): readonly LimitedResource[] {
  const limited = configuration.of('ResourceQuota', schema)?.limitedResources ?? [];
  const nameless = limited.flatMap(({ resource }, i) => (resource === '' ? [`limitedResources[${i}].resource: Required value`] : []));
  if (nameless.length > 0) throw configuration.refuse('ResourceQuota', nameless);
  return limited;
}
