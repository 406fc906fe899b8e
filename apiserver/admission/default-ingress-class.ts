import { type Ingress, type IngressClass, networkingKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { AdmissionPlugin } from './plugin.ts';

const DEFAULT_MARK = 'ingressclass.kubernetes.io/is-default-class';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** A new Ingress that names no class gets the newest one marked as the default. Upstream: `plugin/pkg/admission/network/defaultingressclass`. */
export const defaultIngressClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  admit: (_context, { operation, kind, subresource, object }) => {
    if (kind !== networkingKinds.ingresses || subresource !== '' || operation !== 'CREATE' || !object) return;
    // The object of an ingresses request is an Ingress: it was decoded as one.
    const { metadata, spec } = object as Ingress;
    if (spec.ingressClassName !== undefined || metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const [chosen] = objects
      .list<IngressClass>(networkingKinds.ingressclasses)
      .filter((ingressClass) => ingressClass.metadata.annotations?.[DEFAULT_MARK] === 'true')
      .map((ingressClass) => ingressClass.metadata)
      .sort((a, b) => compare(b.creationTimestamp ?? '', a.creationTimestamp ?? '') || compare(a.name ?? '', b.name ?? ''));
    if (chosen?.name !== undefined) spec.ingressClassName = chosen.name;
  },
});

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
