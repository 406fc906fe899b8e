import type { ControllerFlags } from './flags.ts';
import type { LiveIngress } from './world.ts';

/** As much of an IngressClass as counts. */
export interface ClassFacts {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly controller?: string | undefined } | undefined;
}

const OLD_ANNOTATION = 'kubernetes.io/ingress.class';

/**
 * The class by which an Ingress is this controller's, or why it is not (upstream `GetIngressClass`).
 *
 * @param classOf undefined when nobody may look at classes
 */
export function classOf(
  { spec, metadata }: LiveIngress,
  flags: Pick<ControllerFlags, 'controllerClass' | 'classByName' | 'ingressClass' | 'watchesWithoutClass'>,
  find: ((name: string) => ClassFacts | undefined) | undefined,
): { readonly name: string } | { readonly error: string } {
  const named = spec?.ingressClassName;
  if (find && named !== undefined && named !== null) {
    const found = find(named);
    const isOurs = found?.spec?.controller === flags.controllerClass || (flags.classByName && found?.metadata.name === flags.ingressClass);
    return found && isOurs ? { name: named } : { error: `no object matching key ${JSON.stringify(named)} in local store` };
  }
  const annotated = metadata.annotations?.[OLD_ANNOTATION];
  if (annotated !== undefined) {
    const error = 'ingress class annotation is not equal to the expected by Ingress Controller';
    return annotated === flags.ingressClass ? { name: annotated } : { error };
  }
  return flags.watchesWithoutClass ? { name: '_' } : { error: 'ingress does not contain a valid IngressClass' };
}
