// Which policies are for a request, and with which parameters (apiserver, `pkg/admission/plugin/policy/generic/policy_dispatcher.go`).
import { ApiError, type KindInfo, type KubeObject } from '../../../api/index.ts';
import type { RequestMatcher } from '../matching/request-matcher.ts';
import { ConfigurationError, collectParams, resolveParamKind } from './params.ts';
import type { PolicyOptions } from './policy-options.ts';
import type { BindingObject, Bound, PolicyHook, PolicyObject } from './policy-source.ts';

/** What cannot be followed, where the failure policy does not say to go on. */
export type Misconfigured<P extends PolicyObject, B extends BindingObject, C> = (
  hook: PolicyHook<P, B, C>,
  bound: Bound<B> | undefined,
  why: string,
) => void;

/** As what a request matched a policy. */
export interface Matched {
  /** The resource that a rule named: the objects are to be seen in its version. */
  readonly kind: KindInfo;
  /** The kind of the policy's parameters. */
  readonly params: KindInfo | undefined;
}

/** Asks policies whether they are for one request. */
export class PolicySelection<P extends PolicyObject, B extends BindingObject, C> {
  readonly #options: PolicyOptions;
  readonly #matcher: RequestMatcher;
  readonly #misconfigured: Misconfigured<P, B, C>;

  constructor(options: PolicyOptions, matcher: RequestMatcher, misconfigured: Misconfigured<P, B, C>) {
    this.#options = options;
    this.#matcher = matcher;
    this.#misconfigured = misconfigured;
  }

  /** Undefined for a policy that is not for the request. */
  match(hook: PolicyHook<P, B, C>): Promise<Matched | undefined> {
    return this.#configured(hook, undefined, () => {
      const kind = this.#matcher.match(hook.criteria);
      if (!kind) return undefined;
      const { paramKind } = hook.policy.spec;
      return { kind, params: paramKind && resolveParamKind(this.#options, paramKind) };
    });
  }

  /**
   * The parameters that a binding has the policy run with, and what is made of them; undefined for a binding that is not for the request.
   *
   * @param make is not called where there are no parameters.
   */
  prepare<T>(
    hook: PolicyHook<P, B, C>,
    bound: Bound<B>,
    { params }: Matched,
    make: (params: readonly (KubeObject | undefined)[]) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#configured(hook, bound, async () => {
      if (bound.criteria && !this.#matcher.match(bound.criteria)) return undefined;
      const { namespace } = this.#matcher.attributes;
      const found = await collectParams(this.#options, params, bound.binding.spec.paramRef, namespace);
      return found.length === 0 ? undefined : make(found);
    });
  }

  /** What cannot be followed is what the failure policy says it is. */
  async #configured<T>(
    hook: PolicyHook<P, B, C>,
    bound: Bound<B> | undefined,
    find: () => Promise<T | undefined> | T | undefined,
  ): Promise<T | undefined> {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof ConfigurationError || error instanceof ApiError)) throw error;
      const isIgnored = hook.policy.spec.failurePolicy === 'Ignore';
      if (!isIgnored) this.#misconfigured(hook, bound, `failed to configure ${bound ? 'binding' : 'policy'}: ${error.message}`);
      return undefined;
    }
  }
}
