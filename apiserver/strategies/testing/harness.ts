import type { FieldError, KindInfo, KubeObject, ServedKind } from '../../../api/index.ts';
import { ALL_KINDS, applyMergePatch, decode } from '../../../api/schema.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext, Strategy, UpdateStrategy } from '../../registry/strategy.ts';

/** 2024-01-01T00:00:00Z */
export const NOW = Date.UTC(2024, 0, 1);

const NO_OBJECTS: ObjectReader = {
  get: () => undefined,
  list: () => [],
  fresh: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

/** What a write comes to. */
export interface Outcome<T> {
  readonly object: T;
  /** `field: text`, in order. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Runs a kind's strategy as the registry does, without admission and storage: decode, default, prepare, validate. */
export class StrategyHarness<T extends KubeObject> {
  readonly #strategy: Strategy<T>;
  readonly #served: ServedKind;

  constructor(strategy: Strategy<T>, kind: KindInfo) {
    const served = ALL_KINDS.find(({ info }) => info === kind);
    if (!served) throw new Error(`${kind.kind} is not served`);
    this.#strategy = strategy;
    this.#served = served;
  }

  create(body: object): Outcome<T> {
    const { context, warnings } = contextOf();
    const place = this.#served.info.namespaced ? { namespace: 'ns' } : {};
    const object = this.#read({ metadata: { name: 'x', ...place }, ...body });
    this.#strategy.prepareForCreate(context, object);
    const errors = this.#strategy.validateCreate(context, object);
    this.#strategy.setStoredDefaults?.(object);
    return outcome(object, errors, warnings);
  }

  /** Merges a patch into a stored object and updates it, on the object itself or on a subresource. */
  patch(present: T, patch: object, subresource = ''): Outcome<T> {
    const { context, warnings } = contextOf();
    const old = structuredClone(present);
    old.metadata.resourceVersion ??= '1';
    const object = this.#read(applyMergePatch(structuredClone(old), patch));
    const strategy: UpdateStrategy<T> | undefined = subresource === '' ? this.#strategy : this.#strategy.subresources?.[subresource];
    if (!strategy) throw new Error(`${this.#served.info.kind} has no ${subresource}`);
    strategy.prepareForUpdate(context, object, structuredClone(old));
    return outcome(object, strategy.validateUpdate(context, object, structuredClone(old)), warnings);
  }

  /** Creates what has to be good. */
  stored(body: object): T {
    const { object, errors } = this.create(body);
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return object;
  }

  row(object: T, now = NOW): unknown[] {
    return this.#strategy.tableRow?.(object, now) ?? [];
  }

  #read(raw: unknown): T {
    const { object } = decode(this.#served.message, raw);
    if (!isOf<T>(object)) throw new Error('an object was expected');
    this.#strategy.setDefaults(object);
    return object;
  }
}

/** The message is the kind's, and so is the strategy's type. */
const isOf = <T>(value: unknown): value is T => typeof value === 'object' && value !== null;

export function contextOf(): { context: RequestContext; warnings: string[] } {
  const warnings: string[] = [];
  const context: RequestContext = {
    user: { name: 'somebody', groups: [] },
    namespace: 'ns',
    now: NOW,
    dryRun: false,
    objects: NO_OBJECTS,
    warn: (text) => {
      warnings.push(text);
    },
    warnAnyway: (text) => {
      warnings.push(text);
    },
    annotate: () => undefined,
  };
  return { context, warnings };
}

const outcome = <T>(object: T, errors: readonly FieldError[], warnings: readonly string[]): Outcome<T> => ({
  object,
  errors: errors.filter((error) => error !== NEXT_LOOK).map(({ field, body }) => `${field}: ${body}`),
  warnings,
});
