import type { FlowSchema } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import { type CompiledRule, compileRules } from './classifier.ts';
import type { FlowStats } from './flow-stats.ts';
import type { PriorityLevel } from './priority-level.ts';
import type { Flow } from './queued-request.ts';
import { deal, flowHash } from './shuffle-sharding.ts';

/** Hands that are remembered, so that flows need not be hashed again. */
const HANDS_MAX = 1000;

/** All flows that a queue is dealt to alike: those of a level with at most one queue. */
const ONLY_QUEUE: readonly number[] = [0];

const NO_FLOW: Flow = { distinguisher: '', hand: ONLY_QUEUE };

/** A schema in force, with its level and the flows its requests are told apart into. */
export class Flows {
  readonly schema: string;
  readonly level: PriorityLevel;
  readonly stats: FlowStats;
  /** One that matches is enough. */
  readonly rules: readonly CompiledRule[];
  /** What every answer says of where its request was put: names and values in turn. */
  readonly headers: readonly string[];
  readonly #by: string;
  readonly #known = new Map<string, Flow>();

  constructor(schema: FlowSchema, level: PriorityLevel) {
    this.schema = schema.metadata.name ?? '';
    this.level = level;
    this.stats = level.statsOf(this.schema);
    this.rules = compileRules(schema);
    this.headers = ['X-Kubernetes-Pf-Flowschema-Uid', schema.metadata.uid ?? '', 'X-Kubernetes-Pf-Prioritylevel-Uid', level.uid];
    this.#by = schema.spec.distinguisherMethod?.type ?? '';
  }

  /** The flow of a request. */
  flowOf(user: UserInfo, { namespace }: RequestInfo): Flow {
    if (this.level.queueCount <= 1) return NO_FLOW;
    const distinguisher = this.#by === 'ByUser' ? user.name : this.#by === 'ByNamespace' ? namespace : '';
    let flow = this.#known.get(distinguisher);
    if (!flow) {
      const { queueCount, handSize } = this.level;
      flow = { distinguisher, hand: deal(flowHash(this.schema, distinguisher), queueCount, handSize) };
      if (this.#known.size >= HANDS_MAX) this.#known.clear();
      this.#known.set(distinguisher, flow);
    }
    return flow;
  }
}
