import type { FieldInfo } from './field.ts';

/**
 * A declared field: at run time its {@link FieldInfo}, at compile time the type of its values and whether it may be absent.
 * Plain data rather than a zod type, which is derived from it (`zod.ts`): docs/adr/0002 has the measurements.
 */
export interface Field<T = unknown, Required extends boolean = boolean> {
  readonly info: FieldInfo;
  readonly '~value'?: T;
  readonly '~required'?: Required;
}

/** What a message's fields are. */
export type Shape = Readonly<Record<string, Field>>;

/**
 * A message is one struct of the Kubernetes API: a name, a sentence on what it is, and its fields. They are built on first use,
 * so that importing every module of `api/` costs next to nothing.
 */
export interface Message<T = unknown> {
  /** OpenAPI definition name, e.g. `io.k8s.api.core.v1.Pod`. */
  readonly name: string;
  /** What the type is, in a sentence or two, for OpenAPI and `kubectl explain`. */
  readonly description: string;
  /** `x-kubernetes-map-type`: how server-side apply treats the struct as a whole. */
  readonly mapType?: 'atomic' | 'granular' | undefined;
  /** `x-kubernetes-unions`: the field that says which of the others is set. */
  readonly discriminator?: string | undefined;
  /** Every field by its JSON name, in declaration order. */
  readonly fields: ReadonlyMap<string, FieldInfo>;
  readonly '~value'?: T;
}

type Simplify<T> = { [K in keyof T]: T[K] };
type RequiredKeys<S extends Shape> = { [K in keyof S]: S[K] extends Field<unknown, true> ? K : never }[keyof S];
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** The TypeScript type of a shape's values. */
export type Infer<S extends Shape> = Simplify<
  { [K in RequiredKeys<S>]: ValueOf<S[K]> } & { [K in Exclude<keyof S, RequiredKeys<S>>]?: ValueOf<S[K]> | undefined }
>;

/** The TypeScript type of a message's values. */
export type Of<M> = M extends Message<infer T> ? T : never;

/** Any message, when only what it declares matters. */
export type AnyMessage = Message;

/**
 * Declares a message.
 *
 * @param name OpenAPI definition name.
 * @param description what the type is, in our own words.
 * @param fields builds the fields; called once, on first use.
 * @param options `mapType` and `discriminator` when the struct has one.
 */
export function message<S extends Shape>(
  name: string,
  description: string,
  fields: () => S,
  options: { readonly mapType?: 'atomic' | 'granular'; readonly discriminator?: string } = {},
): Message<Infer<S>> {
  let built: ReadonlyMap<string, FieldInfo> | undefined;
  return {
    name,
    description,
    mapType: options.mapType,
    discriminator: options.discriminator,
    get fields() {
      built ??= new Map(Object.entries(fields()).map(([field, { info }]) => [field, info]));
      return built;
    },
  };
}
