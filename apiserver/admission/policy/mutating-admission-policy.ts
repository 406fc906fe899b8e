// The objects of requests are changed by MutatingAdmissionPolicies (apiserver, `pkg/admission/plugin/policy/mutating/dispatcher.go`; KEP-3962).
import {
  type ApiError,
  admissionregistrationKinds,
  apiError,
  type KubeObject,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
} from '../../../api/index.ts';
import { ownership } from '../../../api/schema.ts';
import { become } from '../../registry/become.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { AdmissionInput, MatchOutcome } from '../cel/index.ts';
import { matcherOf, type RequestMatcher } from '../matching/request-matcher.ts';
import { type AdmissionAttributes, type AdmissionPlugin, nameInErrors } from '../plugin.ts';
import { type ReinvocableMembers, Reinvocation } from '../reinvocation.ts';
import { isExcluded } from './exclusion.ts';
import { MutatingEvaluator, MutationError } from './mutating-evaluator.ts';
import type { PolicyOptions } from './policy-options.ts';
import { PolicyRequest } from './policy-request.ts';
import { type Matched, PolicySelection } from './policy-selection.ts';
import { type Bound, type PolicyHook, PolicySource } from './policy-source.ts';

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;
type Hook = PolicyHook<Policy, Binding, MutatingEvaluator>;
type Bind = Bound<Binding>;

const NAME = 'MutatingAdmissionPolicy';
/** The reason of a refusal whose mutation failed; one whose policy cannot be followed is just forbidden. */
const FAILED = 'Invalid';

/** Changes objects as policies say. Costs nothing as long as no policy is bound. */
export function mutatingAdmissionPolicy(options: PolicyOptions): AdmissionPlugin {
  const source = new PolicySource<Policy, Binding, MutatingEvaluator>({
    objects: options.objects,
    policies: admissionregistrationKinds.mutatingadmissionpolicies,
    bindings: admissionregistrationKinds.mutatingadmissionpolicybindings,
    compile: (policy) => new MutatingEvaluator(policy),
  });
  return {
    name: NAME,
    admit: (context, attributes) => {
      const { hooks } = source;
      // What is deleted cannot be changed.
      if (hooks.length === 0 || attributes.operation === 'DELETE' || isExcluded(attributes)) return;
      return mutate(options, context, attributes, hooks);
    },
  };
}

async function mutate(
  options: PolicyOptions,
  context: RequestContext,
  attributes: AdmissionAttributes,
  hooks: readonly Hook[],
): Promise<void> {
  const matcher = await matcherOf(options, attributes);
  const mutation = new RequestMutation(options, context, matcher);
  await mutation.run(hooks);
  if (mutation.refusals.length > 0) throw refused(attributes, mutation.refusals);
}

/** Why a request is refused. */
interface Refusal {
  readonly message: string;
  readonly reason: string;
}

/** A policy that is to be run, with one of its bindings and one of that binding's parameters. */
interface Invocation {
  readonly hook: Hook;
  readonly bound: Bind;
  readonly matched: Matched;
  readonly params: KubeObject | undefined;
}

/** One request on its way through the policies. All of them are chosen by what came; each is run on what those before it made of that. */
class RequestMutation {
  readonly refusals: Refusal[] = [];
  readonly #options: PolicyOptions;
  readonly #attributes: AdmissionAttributes;
  readonly #request: PolicyRequest;
  readonly #selection: PolicySelection<Policy, Binding, MutatingEvaluator>;
  readonly #reinvocation: Reinvocation;
  readonly #members: ReinvocableMembers;

  constructor(options: PolicyOptions, context: RequestContext, matcher: RequestMatcher) {
    this.#options = options;
    this.#attributes = matcher.attributes;
    this.#request = new PolicyRequest({ ...options, context, matcher });
    this.#selection = new PolicySelection(options, matcher, (hook, bound, why) => this.#refuse({ hook, bound }, why, 'Forbidden'));
    this.#attributes.reinvocation ??= new Reinvocation();
    this.#reinvocation = this.#attributes.reinvocation;
    this.#members = this.#reinvocation.membersOf(NAME);
  }

  async run(hooks: readonly Hook[]): Promise<void> {
    const invocations = await this.#choose(hooks);
    if (invocations.length === 0) return;
    const isAgain = this.#reinvocation.round > 0;
    if (isAgain && this.#members.isOutputChanged(this.#attributes.object)) this.#members.requireCalled();
    let isApplied = false;
    for (const invocation of invocations) {
      if (isAgain && !this.#members.isDue(idOf(invocation))) continue;
      if (await this.#invoke(invocation)) isApplied = true;
    }
    if (isApplied) this.#wantAgain();
    this.#members.setOutput(this.#attributes.object);
  }

  async #choose(hooks: readonly Hook[]): Promise<Invocation[]> {
    const chosen: Invocation[] = [];
    for (const hook of hooks) {
      const matched = await this.#selection.match(hook);
      if (!matched) continue;
      for (const bound of hook.bindings) {
        const found = await this.#selection.prepare(hook, bound, matched, (params) => Promise.resolve(params));
        for (const params of found ?? []) chosen.push({ hook, bound, matched, params });
      }
    }
    return chosen;
  }

  /** @returns whether a mutation was made, be it that it changed nothing. */
  async #invoke(invocation: Invocation): Promise<boolean> {
    const { hook, matched, params } = invocation;
    const { compiled, policy } = hook;
    const { metrics } = this.#options;
    let versioned = await this.#request.versioned(matched.kind);
    const before = versioned.object;
    const first = this.#request.input(versioned, params);
    const met = await this.#request.evaluate(() => this.#match(invocation, first));
    if (met === false) return false;
    if (met !== true) {
      this.#failed(invocation, met.error);
      return false;
    }
    let isApplied = false;
    for (const mutation of compiled.mutations) {
      if (!versioned.object) break;
      const began = metrics.now();
      const target = { ...matched, object: versioned.object, subresource: this.#attributes.subresource, versions: this.#options.versions };
      try {
        const input = this.#request.input(versioned, params);
        versioned = { ...versioned, object: await this.#request.evaluate(() => compiled.mutate(mutation, input, target)) };
        isApplied = true;
        this.#count(invocation, began);
      } catch (error) {
        if (!(error instanceof MutationError)) throw error;
        this.#failed(invocation, error.message);
        this.#count(invocation, began, error.message);
      }
    }
    if (isApplied && versioned.object) await this.#take(versioned.object);
    if (!ownership.equalValues(before, versioned.object)) this.#wantAgain();
    if (policy.spec.reinvocationPolicy === 'IfNeeded') this.#members.addCalled(idOf(invocation));
    return isApplied;
  }

  #match({ hook }: Invocation, input: AdmissionInput): MatchOutcome {
    const { metrics } = this.#options;
    if (!hook.compiled.hasConditions) return true;
    const began = metrics.now();
    const met = hook.compiled.match(input);
    const told = { seconds: (metrics.now() - began) / 1000, failed: typeof met !== 'boolean' };
    metrics.policyConditions(hook.policy.metadata.name, this.#attributes.operation, told);
    return met;
  }

  #count({ hook, bound }: Invocation, began: number, error?: string): void {
    const { metrics } = this.#options;
    const names = { policy: hook.policy.metadata.name, binding: bound.binding.metadata.name };
    metrics.policyCheck('mutating', { ...names, error, seconds: (metrics.now() - began) / 1000 });
  }

  /** The object of the request becomes what the mutations made of it. */
  async #take(mutated: KubeObject): Promise<void> {
    const { object, kind, subresource } = this.#attributes;
    if (object) become(object, await this.#options.versions.convert(mutated, kind, subresource));
    this.#request.forget();
  }

  /** Those that came before may have to run again, as may other plugins. */
  #wantAgain(): void {
    this.#members.requireCalled();
    this.#reinvocation.want();
  }

  #failed({ hook, bound }: Invocation, why: string): void {
    if (hook.policy.spec.failurePolicy !== 'Ignore') this.#refuse({ hook, bound }, why, FAILED);
  }

  #refuse({ hook, bound }: { readonly hook: Hook; readonly bound: Bind | undefined }, why: string, reason: string): void {
    const name = hook.policy.metadata.name;
    const by = bound ? `policy '${name}' with binding '${bound.binding.metadata.name}'` : `policy ${JSON.stringify(name)}`;
    this.refusals.push({ message: `${by} denied request: ${why}`, reason });
  }
}

/** Tells invocations apart. */
const idOf = ({ hook, bound, params }: Invocation): string =>
  JSON.stringify([hook.policy.metadata.name, bound.binding.metadata.name, params?.metadata.namespace, params?.metadata.name]);

/** Upstream's way: the message is that of the first, the code that of a refusal, the reason the first's. */
function refused(attributes: AdmissionAttributes, refusals: readonly Refusal[]): ApiError {
  const [first] = refusals;
  const { status } = apiError.forbidden(attributes.kind, nameInErrors(attributes), '');
  return apiError.custom({
    code: 403,
    reason: first?.reason ?? 'Forbidden',
    message: first?.message ?? '',
    details: { ...status.details, causes: refusals.map(({ message }) => ({ message })) },
  });
}
