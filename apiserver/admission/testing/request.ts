import { coreKinds, type KindInfo, type KubeObject } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { contextOf } from '../../strategies/testing/harness.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';

/** Objects by kind, to be read by plugins. */
export function readerOf(...all: readonly (readonly [KindInfo, readonly KubeObject[]])[]): ObjectReader {
  const of = (kind: KindInfo, namespace: string) =>
    all
      .filter(([known]) => known === kind)
      .flatMap(([, objects]) => objects)
      .filter(({ metadata }) => namespace === '' || metadata.namespace === undefined || metadata.namespace === namespace);
  return {
    get: (kind, namespace, name) => of(kind, namespace).find(({ metadata }) => metadata.name === name) as never,
    list: (kind, namespace = '') => of(kind, namespace) as never,
    fresh: () => undefined,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
}

/** What a plugin makes of a request. */
export interface Admitted {
  /** What it refuses the request with. */
  readonly refused: string | undefined;
  readonly warnings: readonly string[];
  /** What it notes for the audit log. */
  readonly annotations: Readonly<Record<string, string>>;
}

export type Request = Partial<AdmissionAttributes> & { readonly context?: Partial<RequestContext> };

/** Asks a plugin: to change the object, then to look at it. */
export async function ask(plugin: AdmissionPlugin, { context: more, ...request }: Request): Promise<Admitted> {
  const { context, warnings } = contextOf();
  const { metadata } = request.object ?? request.old ?? { metadata: {} };
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    kind: coreKinds.pods,
    namespace: metadata.namespace ?? 'ns',
    name: metadata.name ?? '',
    subresource: '',
    object: undefined,
    old: undefined,
    ...request,
  };
  const annotations: Record<string, string> = {};
  const full: RequestContext = {
    ...context,
    annotate: (key, value) => {
      annotations[key] ??= value;
    },
    ...more,
  };
  try {
    await plugin.admit?.(full, attributes);
    await plugin.validate?.(full, attributes);
    return { refused: undefined, warnings, annotations };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error), warnings, annotations };
  }
}
