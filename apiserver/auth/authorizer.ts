import type { PolicyRule } from '../../api/index.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import type { DecisionCounts, DecisionMetrics } from '../pipeline/decision-metrics.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { NodeAuthorizer } from './node/node-authorizer.ts';
import { createEscalationCheck } from './rbac/escalation.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import type { AccessAttributes, Authorizer, Decision, LocalAuthorizer, ResolvedRules, UserInfo } from './types.ts';

/** Members may do everything, whatever roles there are. */
export const PRIVILEGED_GROUP = 'system:masters';

const PRIVILEGED: Decision = { allowed: true, reason: '' };

/** The API server's authorizer, and what it makes sure of when roles are written. */
export interface RoleBasedAuthorizer extends Authorizer {
  /** Refuses roles and bindings that grant what their author does not hold. */
  readonly escalationCheck: AdmissionPlugin;
  /** The same without those that have to ask somebody else: they have no opinion there. For what does not wait. */
  readonly local: LocalAuthorizer;
}

export interface AuthorizerOptions {
  readonly objects: ObjectReader;
  /** What nodes may do beside reading what their pods need: with it, the Node authorizer is asked before RBAC. */
  readonly nodeRules?: readonly PolicyRule[] | undefined;
  /** Who is asked, in order: `--authorization-mode`. Nodes, if there are rules for them, and RBAC unless given. Another list when they have changed. */
  readonly chain?: (() => readonly ChainLink[]) | undefined;
  /** What counts what they decide; nothing unless given. */
  readonly decisions?: DecisionMetrics | undefined;
}

/** An authorizer that is made here, or one that was made from the options. */
export type ChainLink = 'Node' | 'RBAC' | Authorizer;

/** One that asks nobody else. */
export type LocalChain = Omit<AuthorizerOptions, 'chain'> & {
  readonly chain?: (() => readonly ('Node' | 'RBAC' | LocalAuthorizer)[]) | undefined;
};

/**
 * The API server's authorizer: the privileged group, then those of the chain. The first who allows or denies decides; the others have no
 * opinion. Upstream: apiserver, pkg/authorization/union.
 */
export function createAuthorizer(options: LocalChain): LocalAuthorizer & Pick<RoleBasedAuthorizer, 'escalationCheck' | 'local'>;
export function createAuthorizer(options: AuthorizerOptions): RoleBasedAuthorizer;
export function createAuthorizer({ objects, nodeRules = [], chain, decisions }: AuthorizerOptions): RoleBasedAuthorizer {
  const rbac = new RbacAuthorizer(objects);
  const unless: readonly ChainLink[] = nodeRules.length > 0 ? ['Node', 'RBAC'] : ['RBAC'];
  const make = (name: 'Node' | 'RBAC') => (name === 'RBAC' ? rbac : new NodeAuthorizer(objects, nodeRules));
  const live = new LiveChain(chain ?? (() => unless), make, decisions);
  const rulesFor = (user: UserInfo, namespace: string) => joined(live.every.map(({ authorizer }) => authorizer.rulesFor(user, namespace)));
  const authorizer: Authorizer = { authorize: (asked) => ask(live.every, asked), rulesFor };
  return {
    ...authorizer,
    local: { authorize: (asked) => atOnce(ask(live.local, asked)), rulesFor },
    escalationCheck: createEscalationCheck({ authorizer, rules: rbac, privilegedGroup: PRIVILEGED_GROUP }),
  };
}

/** An authorizer, and what it has decided. */
interface Counted {
  readonly authorizer: Authorizer;
  readonly counts: DecisionCounts;
}

/** The authorizers of a chain that may change; those of our own are made once. */
class LiveChain {
  readonly #links: () => readonly ChainLink[];
  readonly #make: (name: 'Node' | 'RBAC') => Authorizer;
  readonly #decisions: DecisionMetrics | undefined;
  readonly #own = new Map<string, Authorizer>();
  #last: readonly ChainLink[] | undefined;
  #every: readonly Counted[] = [];
  #local: readonly Counted[] = [];

  constructor(links: () => readonly ChainLink[], make: (name: 'Node' | 'RBAC') => Authorizer, decisions?: DecisionMetrics) {
    this.#links = links;
    this.#make = make;
    this.#decisions = decisions;
    this.#follow();
  }

  get every(): readonly Counted[] {
    this.#follow();
    return this.#every;
  }

  /** Those that ask nobody else. */
  get local(): readonly Counted[] {
    this.#follow();
    return this.#local;
  }

  #follow(): void {
    const links = this.#links();
    if (links === this.#last) return;
    this.#last = links;
    this.#every = links.map((link) => this.#counted(link));
    this.#local = this.#every.filter(({ authorizer }) => !authorizer.isRemote);
  }

  #counted(link: ChainLink): Counted {
    const authorizer = typeof link === 'string' ? this.#ownOf(link) : link;
    const identity = typeof link === 'string' ? { type: link, name: link.toLowerCase() } : link.identity;
    const counts = identity && this.#decisions?.of(identity.type, identity.name);
    return { authorizer, counts: counts ?? { allowed: 0, denied: 0 } };
  }

  #ownOf(name: 'Node' | 'RBAC'): Authorizer {
    const known = this.#own.get(name) ?? this.#make(name);
    this.#own.set(name, known);
    return known;
  }
}

const ask = (authorizers: readonly Counted[], asked: AccessAttributes): Decision | Promise<Decision> =>
  asked.user.groups.includes(PRIVILEGED_GROUP) ? PRIVILEGED : decide(authorizers, asked, { from: 0, reasons: [], errors: [] });

function atOnce(decision: Decision | Promise<Decision>): Decision {
  if (decision instanceof Promise) throw new Error('an authorizer that is not remote answers at once');
  return decision;
}

/** How far a question has come. */
interface Progress {
  from: number;
  readonly reasons: string[];
  readonly errors: string[];
}

function decide(authorizers: readonly Counted[], asked: AccessAttributes, progress: Progress): Decision | Promise<Decision> {
  while (progress.from < authorizers.length) {
    const next = authorizers[progress.from++];
    const decision = next?.authorizer.authorize(asked);
    if (!next || !decision) continue;
    if (decision instanceof Promise) {
      return decision.then((known) => take(known, progress, next.counts) ?? decide(authorizers, asked, progress));
    }
    const final = take(decision, progress, next.counts);
    if (final) return final;
  }
  const { reasons, errors } = progress;
  return { allowed: false, reason: reasons.join('\n'), ...(errors.length === 0 ? {} : { evaluationError: aggregate(errors) }) };
}

/** What was decided for good; undefined, and noted why, when it was not. */
function take(decision: Decision, { reasons, errors }: Progress, counts: DecisionCounts): Decision | undefined {
  if (decision.allowed || decision.denied) {
    counts[decision.allowed ? 'allowed' : 'denied']++;
    return decision;
  }
  if (decision.reason !== '') reasons.push(decision.reason);
  if (decision.evaluationError !== undefined) errors.push(decision.evaluationError);
  return undefined;
}

/** As upstream prints several errors. */
const aggregate = (errors: readonly string[]): string => (errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);

function joined(every: readonly ResolvedRules[]): ResolvedRules {
  const errors = every.flatMap(({ evaluationError }) => evaluationError ?? []);
  return {
    resourceRules: every.flatMap(({ resourceRules }) => resourceRules),
    nonResourceRules: every.flatMap(({ nonResourceRules }) => nonResourceRules),
    ...(every.some(({ incomplete }) => incomplete) ? { incomplete: true } : {}),
    ...(errors.length === 0 ? {} : { evaluationError: aggregate(errors) }),
  };
}
