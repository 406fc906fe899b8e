import { fieldError, type Ingress, type IngressLoadBalancerIngress, ipWarnings } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import {
  BETA_NAMES,
  type IngressAllowances,
  type IngressNames,
  mayHaveWrongSecretName,
  mayHaveWrongWildcardRule,
  validateIngressSpec,
  validateIngressStatus,
} from '../../validation/ingress.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { balancerAddresses } from '../apps/cells.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { ingressV1beta1 } from './v1beta1-view.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
/** How many hosts the Table shows before it counts the rest. */
const HOSTS_SHOWN_MAX = 3;

/** Upstream: `pkg/registry/networking/ingress`, `ValidateIngressCreate`, `ValidateIngressUpdate`. */
export const ingressStrategy = strategyOf<Ingress>({
  metadataLooks: ['changes', 'whole'],
  prepareForCreate: (_context, ingress) => {
    ingress.metadata.generation = 1;
    ingress.status = { loadBalancer: {} };
  },
  prepareForUpdate: (_context, ingress, old) => {
    ingress.status = old.status;
    if (!semanticEqual(ingress.spec, old.spec)) ingress.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: (context, ingress) => validateCreate(context, ingress, NOTHING_WRONG),
  validateUpdate: (_context, { spec }, old) => validateIngressSpec(spec, oldAllowances(old)),
  views: {
    'networking.k8s.io/v1beta1': ingressV1beta1({
      validateCreate: (context, ingress) => validateCreate(context, ingress, ANYTHING, BETA_NAMES),
      validateUpdate: (_context, { spec }) => validateIngressSpec(spec, ANYTHING, BETA_NAMES),
    }),
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.ingressClassName ?? '<none>',
    hostsCell(listOf(spec.rules).map(({ host = '' }) => host)),
    balancerAddresses(status.loadBalancer?.ingress).join(','),
    listOf(spec.tls).length > 0 ? '80, 443' : '80',
    ageOf(metadata.creationTimestamp, now),
  ],
  subresources: {
    status: updateOf<Ingress>({
      prepareForUpdate: (_context, ingress, old) => {
        ingress.spec = old.spec;
      },
      validateUpdate: (context, { status }, old) => {
        warnOfAddresses(context, listOf(status.loadBalancer?.ingress));
        return validateIngressStatus(status, old.status);
      },
    }),
  },
});

const NOTHING_WRONG: IngressAllowances = { anySecretName: false, anyWildcardRule: false };
/** The beta never asked. */
const ANYTHING: IngressAllowances = { anySecretName: true, anyWildcardRule: true };

const oldAllowances = ({ spec }: Ingress): IngressAllowances => ({
  anySecretName: mayHaveWrongSecretName(spec),
  anyWildcardRule: mayHaveWrongWildcardRule(spec),
});

function validateCreate(context: RequestContext, { metadata, spec }: Ingress, allowances: IngressAllowances, names?: IngressNames) {
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  if (annotation !== undefined && spec.ingressClassName === undefined) {
    context.warn(`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`);
  }
  const mismatch = annotation !== undefined && spec.ingressClassName !== undefined && annotation !== spec.ingressClassName;
  return [
    ...validateIngressSpec(spec, allowances, names),
    ...(mismatch
      ? [fieldError.invalid(`annotations.${CLASS_ANNOTATION}`, annotation, 'must match `ingressClassName` when both are specified')]
      : []),
  ];
}

function warnOfAddresses(context: RequestContext, ingresses: readonly IngressLoadBalancerIngress[]): void {
  ingresses.forEach(({ ip = '' }, i) => {
    if (ip !== '') for (const text of ipWarnings(ip)) context.warn(`status.loadBalancer.ingress[${i}].ip: ${text}`);
  });
}

/** `a,b,c + 2 more...`, where rules without a host take a place too; `*` when no rule has one. */
function hostsCell(hosts: readonly string[]): string {
  const named = hosts.filter((host) => host !== '');
  if (named.length === 0) return '*';
  const shown = named.slice(0, HOSTS_SHOWN_MAX).join(',');
  const full = hosts.findIndex((_host, i) => hosts.slice(0, i).filter((host) => host !== '').length === HOSTS_SHOWN_MAX);
  return full >= 0 ? `${shown} + ${hosts.length - HOSTS_SHOWN_MAX} more...` : shown;
}
