// Which policies are in force (apiserver, `pkg/admission/plugin/policy/generic/policy_source.go`). Upstream gathers them once a second; here a
// change of a policy or a binding counts from the request after the one that made it.
import type { KindInfo, KubeObject, Live, MatchResources, ParamKind, ParamRef } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { type MatchCriteria, matchCriteria } from '../matching/request-matcher.ts';

/** A policy of either sort. */
export interface PolicyObject extends KubeObject {
  readonly spec: {
    readonly paramKind?: ParamKind | undefined;
    readonly matchConstraints?: MatchResources | undefined;
    readonly failurePolicy?: string | undefined;
  };
}

/** A binding of either sort. */
export interface BindingObject extends KubeObject {
  readonly spec: {
    readonly policyName?: string | undefined;
    readonly paramRef?: ParamRef | undefined;
    readonly matchResources?: MatchResources | undefined;
  };
}

export interface Bound<B extends BindingObject> {
  readonly binding: Live<B>;
  /** Requests that it is for; all unless given. */
  readonly criteria: MatchCriteria | undefined;
}

/** A policy with all its bindings. */
export interface PolicyHook<P extends PolicyObject, B extends BindingObject, C> {
  readonly policy: Live<P>;
  readonly criteria: MatchCriteria;
  /** At least one, by name. */
  readonly bindings: readonly Bound<B>[];
  /** Its expressions, compiled when they are first needed. */
  readonly compiled: C;
}

export interface SourceOptions<P extends PolicyObject, C> {
  readonly objects: ObjectReader;
  readonly policies: KindInfo;
  readonly bindings: KindInfo;
  compile(policy: Live<P>): C;
}

/** The policies that have bindings, by name. */
export class PolicySource<P extends PolicyObject, B extends BindingObject, C> {
  readonly #options: SourceOptions<P, C>;
  /** Of each version of a policy; what nobody names any longer goes. */
  #compiled = new Map<string, C>();
  #hooks: readonly PolicyHook<P, B, C>[] | undefined;
  #isListening = false;

  constructor(options: SourceOptions<P, C>) {
    this.#options = options;
  }

  /** What is in force now; the same array as long as nothing changes. */
  get hooks(): readonly PolicyHook<P, B, C>[] {
    this.#hooks ??= this.#gather();
    return this.#hooks;
  }

  #gather(): readonly PolicyHook<P, B, C>[] {
    const { objects, policies, bindings } = this.#options;
    if (!this.#isListening) {
      this.#isListening = true;
      for (const kind of [policies, bindings]) objects.onChange(kind, () => this.#forget());
    }
    const byPolicy = new Map<string, Live<B>[]>();
    for (const binding of [...objects.list<B>(bindings)].sort(byName)) {
      const name = binding.spec.policyName ?? '';
      byPolicy.set(name, [...(byPolicy.get(name) ?? []), binding]);
    }
    const before = this.#compiled;
    this.#compiled = new Map();
    return [...byPolicy]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, bound]) => {
        const policy = objects.get<P>(policies, '', name);
        return policy ? [this.#hook(policy, bound, before)] : [];
      });
  }

  #forget(): void {
    this.#hooks = undefined;
  }

  #hook(policy: Live<P>, bindings: readonly Live<B>[], before: ReadonlyMap<string, C>): PolicyHook<P, B, C> {
    const version = `${policy.metadata.uid}/${policy.metadata.resourceVersion}`;
    const known = before.get(version);
    if (known) this.#compiled.set(version, known);
    const compile = (): C => {
      let compiled = this.#compiled.get(version);
      if (!compiled) {
        compiled = this.#options.compile(policy);
        this.#compiled.set(version, compiled);
      }
      return compiled;
    };
    return {
      policy,
      criteria: matchCriteria(policy.spec.matchConstraints ?? {}),
      bindings: bindings.map((binding) => ({
        binding,
        criteria: binding.spec.matchResources && matchCriteria(binding.spec.matchResources),
      })),
      get compiled() {
        return compile();
      },
    };
  }
}

const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? '';
const byName = (a: KubeObject, b: KubeObject): number => (nameOf(a) < nameOf(b) ? -1 : 1);
