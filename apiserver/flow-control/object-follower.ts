import { type FlowSchema, flowcontrolKinds, isNotFound, type PriorityLevelConfiguration, toTime } from '../../api/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { Verdict } from './configuration.ts';
import type { PriorityAndFairness } from './priority-and-fairness.ts';

/** Who says in a schema's status whether its level is there. */
const MANAGER = 'api-priority-and-fairness-config-consumer-v1';
/** How often a schema's status is written in a minute at most: servers that disagree do not fight. */
const WRITES_PER_MINUTE_MAX = 6;
const MINUTE_MS = 60_000;
/** When a write that failed, or that would have been one too many, is tried again. */
const RETRY_MS = 1000;
const REST_MS = 30_000;

export interface ObjectFollowerOptions {
  readonly objects: ObjectReader & ObjectWriter;
  readonly control: PriorityAndFairness;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Condition = NonNullable<FlowSchema['status']['conditions']>[number];

/**
 * Keeps what is in force as the objects say, and keeps the objects' word on whether they can be followed: a schema whose level is not there
 * is Dangling. Upstream: `digestConfigObjects` in apiserver/pkg/util/flowcontrol/apf_controller.go.
 */
export class ObjectFollower {
  readonly #options: ObjectFollowerOptions;
  readonly #writer: ObjectWriter;
  readonly #subscriptions: Disposable[] = [];
  /** When each schema's status was written, newest last. */
  readonly #writes = new Map<string, number[]>();
  #isScheduled = false;
  #mayWrite = false;
  #retry: Disposable | undefined;

  constructor(options: ObjectFollowerOptions) {
    this.#options = options;
    this.#writer = options.objects.as(MANAGER);
  }

  /** Follows the objects from now on. */
  start(): void {
    const { objects } = this.#options;
    for (const kind of [flowcontrolKinds.flowschemas, flowcontrolKinds.prioritylevelconfigurations]) {
      this.#subscriptions.push(objects.onChange(kind, () => this.schedule()));
    }
    this.#digest();
  }

  /** Says in the objects what is wrong with them, from now on: when those that a cluster begins with are there. */
  beginWriting(): void {
    this.#mayWrite = true;
    this.schedule();
  }

  stop(): void {
    this.#mayWrite = false;
    this.#retry?.[Symbol.dispose]();
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
  }

  /** Looks at the objects once what has come together is taken in. */
  schedule(): void {
    if (this.#isScheduled || this.#subscriptions.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#subscriptions.length > 0) this.#digest();
    });
  }

  #digest(): void {
    const { objects, control, logger } = this.#options;
    const levels = objects.list<PriorityLevelConfiguration>(flowcontrolKinds.prioritylevelconfigurations);
    const verdicts = control.digest(levels, objects.list<FlowSchema>(flowcontrolKinds.flowschemas));
    if (!this.#mayWrite) return;
    Promise.all(verdicts.map((verdict) => this.#tell(verdict))).catch((err: unknown) => {
      logger.warn({ err }, 'status of a flow schema could not be written; trying again');
      this.#again(RETRY_MS);
    });
  }

  async #tell(verdict: Verdict): Promise<void> {
    const { clock } = this.#options;
    const { name = '' } = verdict.schema.metadata;
    const condition = conditionOf(verdict, clock.now());
    if (isSaid(verdict.schema, condition)) return;
    if (!this.#isDue(name)) {
      this.#again(REST_MS);
      return;
    }
    try {
      await this.#writer.applyStatus(flowcontrolKinds.flowschemas, name, statusConfig(name, condition));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #isDue(name: string): boolean {
    const now = this.#options.clock.now();
    const recent = (this.#writes.get(name) ?? []).filter((at) => now - at < MINUTE_MS);
    const isDue = recent.length < WRITES_PER_MINUTE_MAX;
    this.#writes.set(name, isDue ? [...recent, now] : recent);
    return isDue;
  }

  #again(delayMs: number): void {
    if (!this.#mayWrite) return;
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#options.clock.setTimer(delayMs, () => this.schedule());
  }
}

function conditionOf({ schema, dangling }: Verdict, now: number): Condition {
  const level = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(schema.spec.priorityLevelConfiguration.name)}`;
  return {
    type: 'Dangling',
    status: dangling ? 'True' : 'False',
    lastTransitionTime: toTime(now),
    reason: dangling ? 'NotFound' : 'Found',
    message: dangling ? `${level} but there is no such object` : `${level} and it exists`,
  };
}

function isSaid({ status }: FlowSchema, { type, status: value, reason, message }: Condition): boolean {
  const said = (status.conditions ?? []).find((each) => each.type === type);
  return said !== undefined && said.status === value && said.reason === reason && said.message === message;
}

const statusConfig = (name: string, condition: Condition): FlowSchema =>
  ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name },
    status: { conditions: [condition] },
  }) as unknown as FlowSchema; // a configuration says only what it is about
