import type { FlowSchema, PriorityLevelConfiguration } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import { type AllocationItem, allocate } from './allocation.ts';
import { CATCH_ALL, CATCH_ALL_LEVEL, CATCH_ALL_SCHEMA, EXEMPT, EXEMPT_LEVEL, EXEMPT_SCHEMA } from './bootstrap-objects.ts';
import type { CompiledRule } from './classifier.ts';
import { Flows } from './flows.ts';
import { inMatchingOrder } from './matching-order.ts';
import { isSound, PriorityLevel } from './priority-level.ts';

/** Users whose rules are remembered. */
const USERS_MAX = 1000;

interface Candidate {
  readonly flows: Flows;
  readonly rule: CompiledRule;
}

/** A schema whose level is not there, or which is there. */
export interface Verdict {
  readonly schema: FlowSchema;
  readonly dangling: boolean;
}

/**
 * The priority levels and schemas in force, made of the objects that are stored: of all of them together, whenever any of them changes.
 * Upstream: `configController` and `cfgMeal` in apiserver/pkg/util/flowcontrol/apf_controller.go.
 *
 * - The mandatory ones hold even while their objects are not there.
 * - A level that is no longer wanted stays until nothing waits or executes in it.
 * - Every so often the seats are divided anew, by what each level had use for.
 */
export class FlowConfiguration {
  readonly #clock: Clock;
  /** Seats of the server. */
  readonly #seats: number;
  #levels = new Map<string, PriorityLevel>();
  #candidates: readonly Candidate[] = [];
  readonly #users = new Map<string, { readonly groups: readonly string[]; readonly candidates: readonly Candidate[] }>();
  /** Takes what no schema takes: not even an anonymous request should come to that. */
  #fallback: Flows;
  #nominalSum = 0;
  fairFraction = 0;

  constructor(options: { readonly clock: Clock; readonly seats: number }) {
    this.#clock = options.clock;
    this.#seats = options.seats;
    this.#fallback = new Flows(CATCH_ALL_SCHEMA, new PriorityLevel(CATCH_ALL_LEVEL, options.clock));
    this.digest([], []);
  }

  levels(): Iterable<PriorityLevel> {
    return this.#levels.values();
  }

  /** Requests that may wait, and seats that may be used, of all levels together. */
  get capacity(): { readonly waiting: number; readonly executing: number } {
    let waiting = 0;
    for (const level of this.#levels.values()) waiting += level.waitingMax;
    return { waiting, executing: this.#nominalSum };
  }

  /** The schema of a request: the first that matches. */
  classify(user: UserInfo, info: RequestInfo): Flows {
    for (const { flows, rule } of this.#candidatesFor(user)) if (rule.fits(info)) return flows;
    return this.#fallback;
  }

  /** The rules that are about a user, in order: worked out once for each. */
  #candidatesFor(user: UserInfo): readonly Candidate[] {
    const known = this.#users.get(user.name);
    if (known && sameTexts(known.groups, user.groups)) return known.candidates;
    const candidates = this.#candidates.filter(({ rule }) => rule.isFor(user));
    if (this.#users.size >= USERS_MAX) this.#users.clear();
    this.#users.set(user.name, { groups: user.groups, candidates });
    return candidates;
  }

  /** Whether a level waits only for its queues to become empty, and they are. */
  isLeftover(level: PriorityLevel): boolean {
    return level.quiescing && level.queues.isIdle;
  }

  /**
   * Takes the objects as they are now.
   *
   * @returns of each schema whether its level is there.
   */
  digest(configs: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): Verdict[] {
    const levels = this.#wanted(configs);
    const verdicts = schemas.map((schema) => ({ schema, dangling: !levels.has(schema.spec.priorityLevelConfiguration.name ?? '') }));
    const usable = verdicts.filter(({ dangling }) => !dangling).map(({ schema }) => schema);
    for (const [name, level] of this.#levels) if (!levels.has(name)) this.#keep(levels, level);
    for (const config of [EXEMPT_LEVEL, CATCH_ALL_LEVEL]) {
      const { name = '' } = config.metadata;
      if (!levels.has(name)) levels.set(name, new PriorityLevel(config, this.#clock));
    }
    this.#levels = levels;
    this.#shareOut();
    const flows = withMandatory(usable).flatMap((schema) => {
      const level = levels.get(schema.spec.priorityLevelConfiguration.name ?? '');
      return level ? [new Flows(schema, level)] : [];
    });
    this.#candidates = flows.flatMap((each) => each.rules.map((rule) => ({ flows: each, rule })));
    this.#fallback = flows.find(({ schema }) => schema === CATCH_ALL) ?? this.#fallback;
    this.#users.clear();
    return verdicts;
  }

  #wanted(configs: readonly PriorityLevelConfiguration[]): Map<string, PriorityLevel> {
    const levels = new Map<string, PriorityLevel>();
    for (const config of configs) {
      const { name = '' } = config.metadata;
      if (!isSound(config)) continue;
      const level = this.#levels.get(name) ?? new PriorityLevel(config, this.#clock);
      level.adopt(config);
      levels.set(name, level);
    }
    return levels;
  }

  /** A level whose object is gone: the mandatory ones stay, others as long as they are in use. */
  #keep(levels: Map<string, PriorityLevel>, level: PriorityLevel): void {
    const isMandatory = level.name === EXEMPT || level.name === CATCH_ALL;
    if (!isMandatory && level.queues.isIdle) return;
    if (!isMandatory) level.quiescing = true;
    levels.set(level.name, level);
  }

  /** Divides the server's seats by shares. */
  #shareOut(): void {
    let shares = 0;
    for (const level of this.#levels.values()) shares += level.shares;
    this.#nominalSum = 0;
    for (const level of this.#levels.values()) {
      const nominal = shares > 0 ? Math.ceil((this.#seats * level.shares) / shares) : 0;
      level.share(nominal, this.#seats);
      this.#nominalSum += nominal;
    }
    this.adjust();
  }

  /** Gives each level as many seats as it had use for, as far as others do not need theirs. Upstream: `updateBorrowingLocked`. */
  adjust(): void {
    let remaining = this.#nominalSum;
    const limited: PriorityLevel[] = [];
    for (const level of this.#levels.values()) {
      level.sumUp();
      if (level.isExempt) remaining -= level.limitMin;
      else limited.push(level);
    }
    const limits = this.#divide(limited, remaining);
    const denominator = Math.max(1, Math.round(this.#seats / 10));
    for (const level of this.#levels.values()) level.setLimit(limits.get(level) ?? level.limitMin, denominator);
  }

  #divide(levels: readonly PriorityLevel[], remaining: number): ReadonlyMap<PriorityLevel, number> {
    const keeps = sum(levels.map(({ limits }) => limits.min));
    const needs = sum(levels.map(({ limitMin }) => limitMin));
    this.fairFraction = 0;
    for (const level of levels) level.target = Math.max(level.limitMin, level.demand.smoothed);
    if (remaining <= keeps) return new Map(levels.map((level) => [level, level.limits.min]));
    if (remaining <= needs) {
      const part = (remaining - keeps) / (needs - keeps);
      return new Map(levels.map((level) => [level, level.limits.min + Math.round((level.limitMin - level.limits.min) * part)]));
    }
    const items = levels.map(
      ({ target, limitMin, limits }): AllocationItem => ({ target, lowerBound: limitMin, upperBound: Math.max(limits.max, limitMin) }),
    );
    const allocation = allocate(this.#nominalSum, items);
    this.fairFraction = allocation?.fairFraction ?? 0;
    return new Map(levels.map((level, i) => [level, allocation ? Math.round(allocation.shares[i] ?? 0) : level.limit]));
  }
}

/** The schemas in the order they are tried, with those that must be among them. */
function withMandatory(schemas: readonly FlowSchema[]): FlowSchema[] {
  const sorted = schemas.toSorted(inMatchingOrder);
  const has = (name: string) => sorted.some(({ metadata }) => metadata.name === name);
  return [...(has(EXEMPT) ? [] : [EXEMPT_SCHEMA]), ...sorted, ...(has(CATCH_ALL) ? [] : [CATCH_ALL_SCHEMA])];
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((text, i) => text === b[i]);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
