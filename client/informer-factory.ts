import type { KindInfo, KubeObject, Live } from '../api/index.ts';
import { onAbort } from '../runtime/index.ts';
import { CachedInformer } from './informer.ts';
import { StructureSharing } from './structure-sharing.ts';
import type { Informer, InformerFactory, InformerFactoryOptions, InformerOptions } from './types.ts';

/** What the factory needs of an informer, whatever its kind. */
interface Running {
  readonly synced: boolean;
  run(signal: AbortSignal): Promise<void>;
  onSynced(fn: () => void): void;
}

interface Shared {
  readonly kind: KindInfo;
  readonly transform: unknown;
  readonly informer: Running;
}

/** Makes a factory, whose informers are shared by who asks for the same kind and selection. */
export function createInformerFactory(options: InformerFactoryOptions): InformerFactory {
  return new SharedInformers(options);
}

class SharedInformers implements InformerFactory {
  readonly #options: InformerFactoryOptions;
  readonly #shared = new Map<string, Shared[]>();
  readonly #sharing: StructureSharing | undefined;
  #signal: AbortSignal | undefined;

  constructor(options: InformerFactoryOptions) {
    this.#options = options;
    this.#sharing = (options.shareParts ?? true) ? new StructureSharing() : undefined;
  }

  informer<T extends KubeObject>(kind: KindInfo, options: InformerOptions<T> = {}): Informer<T> {
    const { namespace, labelSelector, fieldSelector, transform } = options;
    const key = JSON.stringify([kind.group, kind.version, kind.resource, namespace, labelSelector, fieldSelector]);
    const same = this.#shared.get(key) ?? [];
    this.#shared.set(key, same);
    const known = same.find((shared) => shared.transform === transform)?.informer;
    if (isInformerOf<T>(known)) return known;
    const { client, ...rest } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector };
    const informer = new CachedInformer<T>({ ...rest, resource: client.resource<T>(kind), selection, transform, sharing: this.#sharing });
    same.push({ kind, transform, informer });
    if (this.#signal) this.#run(informer, this.#signal);
    return informer;
  }

  start(signal: AbortSignal): void {
    if (this.#signal) return;
    this.#signal = signal;
    for (const { informer } of this.#all()) this.#run(informer, signal);
  }

  waitForSync(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#all().filter(({ informer }) => !informer.synced);
      if (signal.aborted) reject(signal.reason);
      const aborted = onAbort(signal, () => reject(signal.reason));
      let left = waiting.length;
      const onSynced = () => {
        left--;
        if (left > 0) return;
        aborted[Symbol.dispose]();
        resolve();
      };
      if (left === 0) onSynced();
      for (const { informer } of waiting) informer.onSynced(onSynced);
    });
  }

  #all(): Shared[] {
    return [...this.#shared.values()].flat();
  }

  #run(informer: Running, signal: AbortSignal): void {
    informer.run(signal).catch((error: unknown) => this.#options.logger.fatal({ err: error }, 'informer ended'));
  }
}

/** The key that an informer is found by says what its objects are; here that becomes a type. */
function isInformerOf<T extends KubeObject>(informer: Running | undefined): informer is CachedInformer<T> {
  return informer instanceof CachedInformer;
}

/** A transform that drops `managedFields`, often half of an object, for who never reads them. An update without them leaves them alone. */
export function trimManagedFields<T extends KubeObject>(object: Live<T>): Live<T> {
  // Not deleted: an object that a field was deleted of takes three times the memory.
  object.metadata.managedFields = undefined;
  return object;
}
