import type { KindInfo, KubeObject, Live } from '../../api/index.ts';
import { createInformerFactory, type Informer, type InformerHandler } from '../../client/index.ts';
import type { ControllerContext } from '../context.ts';
import { discover } from '../shared/discovery.ts';

/** Kinds that own nothing, are owned by nothing, and come in floods. */
const IGNORED: ReadonlySet<string> = new Set(['events.', 'events.events.k8s.io', 'componentstatuses.']);

interface Monitor {
  readonly kind: KindInfo;
  readonly informer: Informer<KubeObject>;
  stop(): void;
}

/** Follows the objects of every kind that is served; kinds come and go with their custom resource definitions. */
export class Monitors {
  readonly #context: ControllerContext;
  readonly #handlerOf: (kind: KindInfo) => InformerHandler<KubeObject>;
  readonly #monitors = new Map<string, Monitor>();
  #kinds: ReadonlyMap<string, KindInfo> = new Map();

  /** @param handlerOf makes the handler of the objects of a kind. */
  constructor(context: ControllerContext, handlerOf: (kind: KindInfo) => InformerHandler<KubeObject>) {
    this.#context = context;
    this.#handlerOf = handlerOf;
  }

  /** The kind of a group, at the version that is followed. */
  kind(group: string, kind: string): KindInfo | undefined {
    return this.#kinds.get(`${kind}.${group}`);
  }

  informer(group: string, kind: string): Informer<KubeObject> | undefined {
    return this.#monitors.get(`${kind}.${group}`)?.informer;
  }

  /** Whether it is known what is served. */
  get started(): boolean {
    return this.#kinds.size > 0;
  }

  get synced(): boolean {
    return [...this.#monitors.values()].every(({ informer }) => informer.synced);
  }

  /** Brings the monitors to what is served now; groups that do not answer keep theirs. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { kinds, errors } = await discover(this.#context.client);
    const collectable = kinds.filter(({ verbs, group, resource }) => {
      const isFollowable = verbs.includes('list') && verbs.includes('watch') && verbs.includes('delete');
      return isFollowable && !IGNORED.has(`${resource}.${group}`);
    });
    const served = new Map(collectable.map((kind) => [`${kind.kind}.${kind.group}`, kind]));
    this.#kinds = new Map(kinds.map((kind) => [`${kind.kind}.${kind.group}`, kind]));
    for (const [key, kind] of served) {
      const present = this.#monitors.get(key);
      if (present && present.kind.version !== kind.version) present.stop();
      if (present?.kind.version !== kind.version) this.#monitors.set(key, this.#start(kind, signal));
    }
    if (errors.length > 0) return;
    for (const [key, monitor] of this.#monitors) {
      if (served.has(key)) continue;
      monitor.stop();
      this.#monitors.delete(key);
    }
  }

  #start(kind: KindInfo, signal: AbortSignal): Monitor {
    const shared = this.#context.informers.held(kind);
    const informer = shared ?? this.#own(kind, signal);
    const handler = informer.informer.addHandler(this.#handlerOf(kind));
    return {
      kind,
      informer: informer.informer,
      stop: () => {
        handler[Symbol.dispose]();
        informer.stop();
      },
    };
  }

  /** An informer of our own, that holds nothing but metadata and can be stopped. */
  #own(kind: KindInfo, signal: AbortSignal): { informer: Informer<KubeObject>; stop: () => void } {
    const { client, clock, random, logger } = this.#context;
    const factory = createInformerFactory({ client, clock, random, logger });
    const informer = factory.informer<KubeObject>(kind, { transform: metadataOnly });
    const end = new AbortController();
    factory.start(AbortSignal.any([signal, end.signal]));
    return { informer, stop: () => end.abort() };
  }
}

function metadataOnly({ metadata }: Live<KubeObject>): Live<KubeObject> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, ownerReferences, finalizers } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, ownerReferences, finalizers } };
}
