import { type Ingress, networkingKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { defaultClassName } from './default-class.ts';
import type { AdmissionPlugin } from './plugin.ts';

const DEFAULT_MARKS = ['ingressclass.kubernetes.io/is-default-class'];
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** A new Ingress that names no class gets the newest one marked as the default. Upstream: `plugin/pkg/admission/network/defaultingressclass`. */
export const defaultIngressClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  admit: (_context, { operation, kind, subresource, object }) => {
    if (kind !== networkingKinds.ingresses || subresource !== '' || operation !== 'CREATE' || !object) return;
    // The object of an ingresses request is an Ingress: it was decoded as one.
    const { metadata, spec } = object as Ingress;
    if (spec.ingressClassName !== undefined || metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const chosen = defaultClassName(objects, networkingKinds.ingressclasses, DEFAULT_MARKS);
    if (chosen !== undefined) spec.ingressClassName = chosen;
  },
});
