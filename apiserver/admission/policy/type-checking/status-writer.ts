// Writes into the status of policies what is doubtful in the types of their expressions. Upstream's controller manager does it
// (`pkg/controller/validatingadmissionpolicystatus`); here it is done where types and compiler are.
import { admissionregistrationKinds, apiVersionOf, type ValidatingAdmissionPolicy } from '../../../../api/index.ts';
import { runController, WorkQueue } from '../../../../client/index.ts';
import type { Clock, Logger, Service } from '../../../../runtime/index.ts';
import type { PublishedKind } from '../../../openapi/index.ts';
import type { ObjectReader, ObjectWriter } from '../../../registry/objects.ts';
import { expressionWarnings } from './type-checker.ts';

const POLICIES = admissionregistrationKinds.validatingadmissionpolicies;
const BACKOFF_MS_MAX = 30_000;
/** Of the controller, and of who owns what it writes, as upstream's. */
const NAME = 'validatingadmissionpolicy-status';

export interface PolicyStatusOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** The kinds that are served now, with what their objects look like. */
  kinds(): readonly PublishedKind[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks at each generation of each policy once. */
export const createPolicyStatus = (options: PolicyStatusOptions): Service => new PolicyStatusWriter(options);

class PolicyStatusWriter implements Service {
  readonly #options: PolicyStatusOptions;
  readonly #queue: WorkQueue;
  readonly #stopping = new AbortController();
  #listener: Disposable | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PolicyStatusOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
  }

  start(): Promise<void> {
    const { objects, clock, logger } = this.#options;
    const add = ({ metadata }: ValidatingAdmissionPolicy) => this.#queue.add(metadata.name ?? '');
    this.#listener = objects.onChange<ValidatingAdmissionPolicy>(POLICIES, ({ object }) => add(object));
    for (const policy of objects.list<ValidatingAdmissionPolicy>(POLICIES)) add(policy);
    this.#running = runController({
      name: NAME,
      queue: this.#queue,
      workers: 1,
      reconcile: (name) => this.#reconcile(name),
      clock,
      logger,
      signal: this.#stopping.signal,
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    this.#stopping.abort();
    await this.#running;
  }

  async #reconcile(name: string): Promise<void> {
    const { objects, kinds } = this.#options;
    const policy = objects.get<ValidatingAdmissionPolicy>(POLICIES, '', name);
    if (!policy || isObserved(policy)) return;
    const warnings = expressionWarnings(policy, kinds());
    const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings };
    const status = { observedGeneration: policy.metadata.generation, typeChecking };
    const config = { apiVersion: apiVersionOf(POLICIES), kind: POLICIES.kind, metadata: { name }, status };
    await objects.as(NAME).applyStatus(POLICIES, name, config);
  }
}

const isObserved = ({ metadata, status }: ValidatingAdmissionPolicy): boolean =>
  (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
