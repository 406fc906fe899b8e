import { coreKinds, type KindInfo, type KubeObject, type SubresourceInfo } from '../../api/index.ts';
import type { OperationOptions, RequestContext } from '../registry/strategy.ts';
import type { Reinvocation } from './reinvocation.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a plugin is asked about. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  /** The kind that the path names, in the version it names; of a subresource, its parent's. */
  readonly kind: KindInfo;
  /** `''` outside of namespaces; a namespace itself is in itself. */
  readonly namespace: string;
  /** `''` for as long as a name is to be generated. */
  readonly name: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** What would be stored (CREATE, UPDATE), what was asked for (CONNECT); mutating plugins change it in place. */
  readonly object: KubeObject | undefined;
  /** What is stored (UPDATE, DELETE). */
  readonly old: KubeObject | undefined;
  /** The request's options; made when they are first read. None for CONNECT, and for what the API server writes on its own behalf. */
  readonly options?: OperationOptions | undefined;
  /** What mutating plugins know of the first round in the second: made by the first plugin that needs it. */
  reinvocation?: Reinvocation | undefined;
}

/** An admission plugin, under upstream's name; it refuses by throwing an ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  /**
   * Changes the object before it is validated. Called a second time when a plugin asked for that (see {@link Reinvocation}): what is done
   * twice must be the same as if it was done once.
   */
  admit?(context: RequestContext, attributes: AdmissionAttributes): Promise<void> | void;
  /** Looks at the object after it was validated. */
  validate?(context: RequestContext, attributes: AdmissionAttributes): Promise<void> | void;
  /** Lets go of what it holds, when the server stops. */
  close?(): void;
}

/** What {@link admissionAttributes} is told; the rest it knows of the request. */
type Facts = Omit<AdmissionAttributes, 'options' | 'reinvocation' | 'namespace'> & {
  readonly namespace: string;
  /** What was settled of the request's options since. */
  readonly settled?: Partial<OperationOptions> | undefined;
};

/** The attributes of a request. */
export function admissionAttributes(context: RequestContext, facts: Facts): AdmissionAttributes {
  return new RequestAttributes(context, facts);
}

/** A class, for an object literal with a getter would be a dictionary to V8, and is looked into by every plugin. */
class RequestAttributes implements AdmissionAttributes {
  readonly #context: RequestContext;
  readonly operation: Facts['operation'];
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly object: Facts['object'];
  readonly old: Facts['old'];
  readonly reinvocation = undefined;
  readonly #settled: Facts['settled'];

  constructor(context: RequestContext, { operation, kind, namespace, name, subresource, object, old, settled }: Facts) {
    this.#context = context;
    this.operation = operation;
    this.kind = kind;
    this.namespace = isNamespaceKind(kind) ? name : namespace;
    this.name = name;
    this.subresource = subresource;
    this.object = object;
    this.old = old;
    this.#settled = settled;
  }

  get options(): AdmissionAttributes['options'] {
    const given = this.operation === 'CONNECT' ? undefined : this.#context.options?.(this.operation);
    return given && this.#settled ? { ...given, ...this.#settled } : given;
  }
}

/** Namespaces are in themselves. */
export const isNamespaceKind = ({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): boolean =>
  group === '' && resource === coreKinds.namespaces.resource;

/** A kind by its full name. */
export interface KindName {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What the object of a request is: the kind itself, or what its subresource takes. */
export function objectKind({ group, version, kind, subresources }: KindInfo, subresource: string): KindName {
  const found: Partial<SubresourceInfo> | undefined =
    subresource === '' ? undefined : subresources.find(({ name }) => name === subresource);
  return { group: found?.group ?? group, version: found?.version ?? version, kind: found?.kind ?? kind };
}

/** How a refusal names the object of a request: by what its name begins with as long as it has none. Upstream: `admission/errors.go`. */
export function nameInErrors({ name, object }: AdmissionAttributes): string {
  if (name !== '') return name;
  return object?.metadata?.name || object?.metadata?.generateName || 'Unknown';
}
