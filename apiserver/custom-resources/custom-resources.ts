// Custom resources: what definitions say is served, while it is said.
//
//     definition ──> names ──> conditions ──> served here ──> Established ──> told of in discovery and OpenAPI
//         │
//         └─ deleted: objects go, then the definition, then the kind
//
// 1. One definition is looked at at a time: names are given away one after the other.
// 2. A definition is called Established only after this server serves it. Others that share the store see the same definitions, come to
//    the same conclusions, and write nothing that is there already.
// 3. A definition that changes is served anew, from caches of its own, and then in one step instead of the former one, whose watchers
//    are sent away.
// 4. What is defined in a group of the server's own is told of in versions that the group has not, and nowhere to be asked for: upstream's
//    server of the group answers for all of it (apiserver, `pkg/server/handler.go`).
// 5. Who sees a definition Established finds it in discovery, and who finds it there sees it Established, with nothing more to be written
//    of it (apiextensions-apiserver, `pkg/apiserver/customresource_discovery_controller.go`, tells of what is Established). So it is
//    told of in the very step in which the change arrives.
import { apiextensionsKinds, apiVersionOf, isNotFound, type KindInfo, stringifyJson, toTime } from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Clock, Logger, Random, Service } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { KindHost } from '../rest/kind-host.ts';
import type { RuleMetrics } from '../schema-rules/index.ts';
import { type PodDialer, WebhookClient } from '../webhook/index.ts';
import { cleanUp } from './cleanup.ts';
import { planConditions, planEstablished } from './conditions.ts';
import type { ConversionMetrics } from './conversion/conversion-metrics.ts';
import { webhookConverter } from './conversion/webhook-converter.ts';
import { type CustomKind, customKind, verbsOf } from './custom-kind.ts';
import {
  acceptedNamesOf,
  type Crd,
  type Finding,
  isConditionTrue,
  isServable,
  removeCondition,
  resourceOf,
  setCondition,
} from './definition.ts';
import { planNames } from './naming.ts';

/** How long the creator of a definition waits for its conditions. */
const JUDGE_MS_MAX = 1000;
/** Definitions whose objects are deleted at the same time. */
const CLEANUPS_MAX = 8;
/** The longest wait before a definition that cannot be served is looked at again. */
const BACKOFF_MS_MAX = 30_000;

const CRDS = apiextensionsKinds.customresourcedefinitions;

export interface CustomResourcesOptions {
  readonly host: Pick<KindHost, 'serve' | 'withdraw' | 'publish' | 'afterCreate' | 'isOwn'>;
  readonly objects: ObjectReader & ObjectWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly dialer: PodDialer;
  readonly metrics: RuleMetrics;
  readonly conversions: ConversionMetrics;
}

/** A definition as it is served. */
interface Serving {
  /** What it is made of; another text is another kind. */
  readonly of: string;
  readonly kind: CustomKind;
}

/** Serves what CustomResourceDefinitions define. */
export const createCustomResources = (options: CustomResourcesOptions): Service => new CustomResources(options);

class CustomResources implements Service {
  readonly #options: CustomResourcesOptions;
  readonly #serving = new Map<string, Serving>();
  readonly #definitions: WorkQueue;
  readonly #cleanups: WorkQueue;
  readonly #webhooks: WebhookClient;
  readonly #stopping = new AbortController();
  /** What was told last: nothing is told twice. */
  #told: readonly unknown[] = [];
  #toldState = '';
  /** The definition that is being called Established: it can be found from the moment that this is seen here (invariant 5). */
  #establishing: string | undefined;
  #listener: Disposable | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#definitions = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
    this.#webhooks = new WebhookClient(options);
    this.#cleanups = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
  }

  /** Resolves once everything is served that was served before. */
  async start(): Promise<void> {
    const { host, objects, clock, logger } = this.#options;
    this.#listener = objects.onChange<Crd>(CRDS, ({ object }) => this.#changed(object));
    host.afterCreate(CRDS, ({ metadata }) => this.#judged(metadata.name ?? ''));
    const { signal } = this.#stopping;
    for (const crd of objects.list<Crd>(CRDS)) {
      try {
        await this.#serve(crd);
      } catch (error) {
        logger.warn({ err: error, name: crd.metadata.name }, 'custom resource cannot be served yet, trying again');
      }
      this.#enqueue(crd);
    }
    this.#publish();
    const common = { clock, logger, signal };
    const definitions = runController({
      ...common,
      name: 'custom-resource-definitions',
      queue: this.#definitions,
      workers: 1,
      reconcile: (name) => this.#reconcile(name),
    });
    const cleanups = runController({
      ...common,
      name: 'custom-resource-cleanup',
      queue: this.#cleanups,
      workers: CLEANUPS_MAX,
      reconcile: (name) =>
        cleanUp({ objects, clock, kindOf: (crd) => this.#kindOf(crd), isOwn: (group) => host.isOwn(group) }, name, signal),
    });
    this.#running = Promise.all([definitions, cleanups]);
  }

  async stop(): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    this.#stopping.abort();
    await this.#running;
    this.#webhooks.close();
  }

  /**
   * Resolves once a new definition has conditions, or after a while. kubectl gives up at once on waiting for a condition of an object that
   * has none at all, and nobody sleeps between creating a definition and waiting for it.
   */
  #judged(name: string): Promise<void> {
    const { objects, clock } = this.#options;
    const isJudged = () => (objects.get<Crd>(CRDS, '', name)?.status.conditions?.length ?? 0) > 0;
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        listener[Symbol.dispose]();
        resolve();
      };
      const timer = clock.setTimer(JUDGE_MS_MAX, done);
      const listener = objects.onChange<Crd>(CRDS, ({ object }) => {
        if (object.metadata.name === name && (isJudged() || object.metadata.deletionTimestamp)) done();
      });
      if (isJudged()) done();
    });
  }

  #changed(crd: Crd): void {
    if (crd.metadata.name === this.#establishing && isConditionTrue(crd, 'Established')) this.#publish();
    this.#enqueue(crd);
  }

  #enqueue({ metadata }: Crd): void {
    this.#definitions.add(metadata.name ?? '');
    if (metadata.deletionTimestamp) this.#cleanups.add(metadata.name ?? '');
  }

  #kindOf({ metadata }: Crd): KindInfo | undefined {
    return this.#serving.get(metadata.name ?? '')?.kind.definitions[0]?.info;
  }

  async #reconcile(name: string): Promise<void> {
    const { objects } = this.#options;
    const crd = objects.get<Crd>(CRDS, '', name);
    if (!crd) {
      this.#withdraw(name);
      this.#enqueueGroup(groupOf(name), name);
      return;
    }
    if (await this.#judge(crd)) return; // the change it made comes back
    await this.#serve(crd);
    if (isServable(crd)) await this.#establish(crd);
    this.#publish();
  }

  /** Gives names and says what there is to say; answers whether something changed. */
  async #judge(crd: Crd): Promise<boolean> {
    const { objects } = this.#options;
    let renamed = false;
    const changed = await this.#updateStatus(crd, (current) => {
      const naming = planNames(current, objects.list<Crd>(CRDS));
      const { set, remove } = planConditions(current);
      renamed = naming !== undefined;
      if (!naming && set.length + remove.length === 0) return undefined;
      if (naming) current.status.acceptedNames = naming.acceptedNames;
      for (const type of remove) removeCondition(current, type);
      return [...(naming ? [naming.namesAccepted, naming.established] : []), ...set];
    });
    // A name may have become free.
    if (renamed) this.#enqueueGroup(crd.spec.group, crd.metadata.name ?? '');
    return changed;
  }

  async #establish(crd: Crd): Promise<void> {
    this.#establishing = crd.metadata.name;
    await this.#updateStatus(crd, (current) => {
      const finding = planEstablished(current);
      return finding && [finding];
    });
  }

  /** Serves a definition as it is now, if it may be. */
  async #serve(crd: Crd): Promise<void> {
    const { host, objects, random, clock, conversions } = this.#options;
    const name = crd.metadata.name ?? '';
    if (!isServable(crd)) {
      this.#withdraw(name);
      return;
    }
    const of = stringifyJson([crd.metadata.uid, crd.spec, acceptedNamesOf(crd)]);
    if (this.#serving.get(name)?.of === of) return;
    const kind = customKind(crd, {
      clock,
      metrics: this.#options.metrics,
      convert: webhookConverter(crd, { client: this.#webhooks, random, metrics: conversions }),
      isTerminating: () => {
        const current = objects.get<Crd>(CRDS, '', name);
        return current !== undefined && isConditionTrue(current, 'Terminating');
      },
    });
    if (!host.isOwn(crd.spec.group)) await host.serve(resourceOf(crd), kind.definitions);
    this.#serving.set(name, { of, kind });
  }

  #withdraw(name: string): void {
    const serving = this.#serving.get(name);
    if (!serving) return;
    this.#serving.delete(name);
    const [definition] = serving.kind.definitions;
    const { host } = this.#options;
    if (definition && !host.isOwn(definition.info.group)) host.withdraw(definition.info);
    this.#publish();
  }

  /** Tells discovery and OpenAPI of what is established. */
  #publish(): void {
    const all = this.#options.objects.list<Crd>(CRDS);
    const told = all.flatMap((crd) => {
      const name = crd.metadata.name;
      const serving = this.#serving.get(name);
      if (!serving || !isConditionTrue(crd, 'Established')) return [];
      const verbs = verbsOf(crd);
      return serving.kind.published.map((each) => (each.info.verbs === verbs ? each : { ...each, info: { ...each.info, verbs } }));
    });
    const state = told.map(({ info }) => `${apiVersionOf(info)} ${info.resource} ${info.verbs.length}`);
    if (told.every(({ message }, index) => message === this.#told[index]) && state.join() === this.#toldState) return;
    this.#told = told.map(({ message }) => message);
    this.#toldState = state.join();
    this.#options.host.publish(told);
  }

  #enqueueGroup(group: string, except: string): void {
    for (const { metadata, spec } of this.#options.objects.list<Crd>(CRDS)) {
      if (spec.group === group && metadata.name !== except) this.#definitions.add(metadata.name);
    }
  }

  /** Sets the conditions that `plan` finds; answers whether it found any. */
  async #updateStatus(crd: Crd, plan: (current: Crd) => readonly Finding[] | undefined): Promise<boolean> {
    const { objects, clock } = this.#options;
    let changed = false;
    const change = <T extends Crd>(current: T): T | undefined => {
      const findings = plan(current);
      changed = findings !== undefined;
      for (const finding of findings ?? []) setCondition(current, finding, toTime(clock.now()));
      return findings && current;
    };
    try {
      await objects.updateStatus<Crd>(CRDS, '', crd.metadata.name ?? '', change);
    } catch (error) {
      if (!isNotFound(error)) throw error; // deleted meanwhile, which comes back as a change
    }
    return changed;
  }
}

/** `example.com` of `widgets.example.com`. */
const groupOf = (name: string): string => name.slice(name.indexOf('.') + 1);
