import type { PolicyRule } from '../../api/index.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
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
  /** Who is asked, in order: `--authorization-mode`. Nodes, if there are rules for them, and RBAC unless given. */
  readonly chain?: readonly ChainLink[] | undefined;
}

/** An authorizer that is made here, or one that was made from the options. */
export type ChainLink = 'Node' | 'RBAC' | Authorizer;

/** One that asks nobody else. */
export type LocalChain = Omit<AuthorizerOptions, 'chain'> & { readonly chain?: readonly ('Node' | 'RBAC' | LocalAuthorizer)[] | undefined };

/**
 * The API server's authorizer: the privileged group, then those of the chain. The first who allows or denies decides; the others have no
 * opinion. Upstream: apiserver, pkg/authorization/union.
 */
export function createAuthorizer(options: LocalChain): LocalAuthorizer & Pick<RoleBasedAuthorizer, 'escalationCheck' | 'local'>;
export function createAuthorizer(options: AuthorizerOptions): RoleBasedAuthorizer;
export function createAuthorizer({ objects, nodeRules = [], chain }: AuthorizerOptions): RoleBasedAuthorizer {
  const rbac = new RbacAuthorizer(objects);
  const links = chain ?? (nodeRules.length > 0 ? (['Node', 'RBAC'] as const) : (['RBAC'] as const));
  const every = links.map((link): Authorizer => {
    if (link === 'RBAC') return rbac;
    return link === 'Node' ? new NodeAuthorizer(objects, nodeRules) : link;
  });
  const local = every.filter((each) => !each.isRemote);
  const rulesFor = (user: UserInfo, namespace: string) => joined(every.map((each) => each.rulesFor(user, namespace)));
  const authorizer: Authorizer = { authorize: (asked) => ask(every, asked), rulesFor };
  return {
    ...authorizer,
    local: { authorize: (asked) => atOnce(ask(local, asked)), rulesFor },
    escalationCheck: createEscalationCheck({ authorizer, rules: rbac, privilegedGroup: PRIVILEGED_GROUP }),
  };
}

const ask = (authorizers: readonly Authorizer[], asked: AccessAttributes): Decision | Promise<Decision> =>
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

function decide(authorizers: readonly Authorizer[], asked: AccessAttributes, progress: Progress): Decision | Promise<Decision> {
  while (progress.from < authorizers.length) {
    const decision = authorizers[progress.from++]?.authorize(asked);
    if (decision instanceof Promise) return decision.then((known) => take(known, progress) ?? decide(authorizers, asked, progress));
    const final = decision && take(decision, progress);
    if (final) return final;
  }
  const { reasons, errors } = progress;
  return { allowed: false, reason: reasons.join('\n'), ...(errors.length === 0 ? {} : { evaluationError: aggregate(errors) }) };
}

/** What was decided for good; undefined, and noted why, when it was not. */
function take(decision: Decision, { reasons, errors }: Progress): Decision | undefined {
  if (decision.allowed || decision.denied) return decision;
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
