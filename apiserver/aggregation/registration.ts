// APIServices for what is served here: made at the start, and for custom resources kept in step with their definitions.
import {
  type APIService,
  apiextensionsKinds,
  apiregistrationKinds,
  type CustomResourceDefinition,
  isAlreadyExists,
  isNotFound,
  type KindInfo,
} from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Clock, Logger, Service } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { builtInServices, customServices, planRegistration } from './registration-plan.ts';

const API_SERVICES = apiregistrationKinds.apiservices;
const CRDS = apiextensionsKinds.customresourcedefinitions;
/** APIServices looked at at the same time. */
const WORKERS = 5;
/** The longest wait before one that could not be written is tried again. */
const BACKOFF_MS_MAX = 30_000;

export interface RegistrationOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** What is served from the start. */
  readonly kinds: readonly KindInfo[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when {@link Registration.kept} has changed. */
  onChange(): void;
}

export class Registration implements Service {
  readonly #options: RegistrationOptions;
  readonly #queue: WorkQueue;
  readonly #builtIn: ReadonlyMap<string, APIService>;
  /** Of each definition. */
  readonly #byDefinition = new Map<string, readonly APIService[]>();
  /** Of all definitions, with how many want it. */
  readonly #custom = new Map<string, { readonly service: APIService; wanted: number }>();
  readonly #synced = new Set<string>();
  #atStart: ReadonlySet<string> = new Set();
  readonly #listeners: Disposable[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
    this.#builtIn = new Map(builtInServices(options.kinds).map((service) => [service.metadata.name ?? '', service]));
  }

  /** What has to be there at all times. */
  *kept(): Iterable<APIService> {
    for (const { service } of this.#custom.values()) yield service;
  }

  /** Learns of the definitions that there are; {@link start} writes. */
  listen(): void {
    const { objects, kinds } = this.#options;
    this.#listeners.push(objects.onChange<APIService>(API_SERVICES, ({ object }) => this.#queue.add(object.metadata.name)));
    if (!kinds.includes(CRDS)) return;
    for (const crd of objects.list<CustomResourceDefinition>(CRDS)) this.#follow(crd.metadata.name, customServices(crd));
    const listener = objects.onChange<CustomResourceDefinition>(CRDS, ({ type, object }) => {
      this.#follow(object.metadata.name, type === 'DELETED' ? [] : customServices(object));
    });
    this.#listeners.push(listener);
  }

  /** Resolves once all are as they should be. */
  async start(): Promise<void> {
    const { objects, clock, logger } = this.#options;
    this.#atStart = new Set(objects.list(API_SERVICES).map(({ metadata }) => metadata.name));
    const names = new Set([...this.#builtIn.keys(), ...this.#custom.keys(), ...this.#atStart]);
    await Promise.all([...names].map((name) => this.#reconcile(name)));
    this.#running = runController({
      name: 'api-service-registration',
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (name) => this.#reconcile(name),
      clock,
      logger,
      signal: this.#stopping.signal,
    });
  }

  async stop(): Promise<void> {
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    this.#stopping.abort();
    await this.#running;
  }

  /** Notes what a definition wants now. */
  #follow(definition: string, services: readonly APIService[]): void {
    const before = this.#byDefinition.get(definition) ?? [];
    if (services.length === before.length && services.every(({ metadata }, i) => metadata.name === before[i]?.metadata.name)) return;
    if (services.length > 0) this.#byDefinition.set(definition, services);
    else this.#byDefinition.delete(definition);
    for (const service of services) this.#want(service, 1);
    for (const service of before) this.#want(service, -1);
    this.#options.onChange();
  }

  #want(service: APIService, more: 1 | -1): void {
    const name = service.metadata.name ?? '';
    const entry = this.#custom.get(name) ?? { service, wanted: 0 };
    entry.wanted += more;
    if (entry.wanted > 0) this.#custom.set(name, entry);
    else this.#custom.delete(name);
    this.#queue.add(name);
  }

  async #reconcile(name: string): Promise<void> {
    const { objects } = this.#options;
    const desired = this.#custom.get(name)?.service ?? this.#builtIn.get(name);
    const current = objects.get<APIService>(API_SERVICES, '', name);
    const step = planRegistration({ desired, current, isSynced: this.#synced.has(name), wasThere: this.#atStart.has(name) });
    try {
      if (step === 'create' && desired) await objects.create<APIService>(API_SERVICES, desired);
      if (step === 'delete') await objects.delete(API_SERVICES, '', name);
      if (step === 'update' && desired) {
        await objects.update<APIService>(API_SERVICES, '', name, (found) => ({ ...found, spec: desired.spec }));
      }
    } catch (error) {
      // Somebody was faster, which comes back as a change.
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
    this.#synced.add(name);
  }
}
