// Requests are checked by ValidatingAdmissionPolicies (apiserver, `pkg/admission/plugin/policy/validating/dispatcher.go`; KEP-3488).
import {
  type ApiError,
  admissionregistrationKinds,
  apiError,
  type KubeObject,
  type Live,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { matcherOf, type RequestMatcher } from '../matching/request-matcher.ts';
import type { AdmissionMetrics, PolicyCheck } from '../metrics.ts';
import { type AdmissionAttributes, type AdmissionOperation, type AdmissionPlugin, nameInErrors } from '../plugin.ts';
import { isExcluded } from './exclusion.ts';
import type { PolicyOptions } from './policy-options.ts';
import { PolicyRequest, type VersionedObjects } from './policy-request.ts';
import { PolicySelection } from './policy-selection.ts';
import { type Bound, type PolicyHook, PolicySource } from './policy-source.ts';
import { type Decision, ValidatingEvaluator, type Verdict } from './validating-evaluator.ts';

type Binding = ValidatingAdmissionPolicyBinding;
type Hook = PolicyHook<ValidatingAdmissionPolicy, Binding, ValidatingEvaluator>;
type Bind = Bound<Binding>;

const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure';
/** The longest value of an audit annotation, in bytes. */
const ANNOTATION_BYTES_MAX = 10 * 1024;

/** By the reason of a refusal. */
const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };
const DEFAULT_REASON = 'Invalid';

/** Refuses, warns of, or notes what policies do not allow. Costs nothing as long as no policy is bound. */
export function validatingAdmissionPolicy(options: PolicyOptions): AdmissionPlugin {
  const source = new PolicySource<ValidatingAdmissionPolicy, Binding, ValidatingEvaluator>({
    objects: options.objects,
    policies: admissionregistrationKinds.validatingadmissionpolicies,
    bindings: admissionregistrationKinds.validatingadmissionpolicybindings,
    compile: (policy) => new ValidatingEvaluator(policy),
  });
  return {
    name: 'ValidatingAdmissionPolicy',
    validate: (context, attributes) => {
      const { hooks } = source;
      if (hooks.length === 0 || isExcluded(attributes)) return;
      return review(options, context, attributes, hooks);
    },
  };
}

async function review(
  options: PolicyOptions,
  context: RequestContext,
  attributes: AdmissionAttributes,
  hooks: readonly Hook[],
): Promise<void> {
  const matcher = await matcherOf(options, attributes);
  const validation = new RequestValidation(options, context, matcher);
  for (const hook of hooks) await validation.run(hook);
  const [refusal] = validation.refusals;
  if (refusal) throw refused(attributes, refusal);
}

/** What a policy is to be run on. */
interface Prepared {
  readonly versioned: VersionedObjects;
  readonly params: readonly (KubeObject | undefined)[];
}

/** Why a request is refused. */
interface Refusal {
  readonly message: string;
  readonly reason: string;
}

/** One request on its way through the policies. */
class RequestValidation {
  readonly refusals: Refusal[] = [];
  readonly #context: RequestContext;
  readonly #metrics: AdmissionMetrics;
  readonly #operation: AdmissionOperation;
  readonly #request: PolicyRequest;
  readonly #selection: PolicySelection<ValidatingAdmissionPolicy, Binding, ValidatingEvaluator>;

  constructor(options: PolicyOptions, context: RequestContext, matcher: RequestMatcher) {
    this.#context = context;
    this.#metrics = options.metrics;
    this.#operation = matcher.attributes.operation;
    this.#request = new PolicyRequest({ ...options, context, matcher });
    this.#selection = new PolicySelection(options, matcher, (hook, bound, why) => this.#refuse(hook, bound, why));
  }

  async run(hook: Hook): Promise<void> {
    const matched = await this.#selection.match(hook);
    if (!matched) return;
    const annotations = new Map<string, Set<string>>();
    for (const bound of hook.bindings) {
      const run = await this.#selection.prepare(hook, bound, matched, async (params) => ({
        params,
        versioned: await this.#request.versioned(matched.kind),
      }));
      if (run) await this.#apply(hook, bound, { ...run, annotations });
    }
    for (const [key, values] of annotations) this.#context.annotate(`${hook.policy.metadata.name}/${key}`, [...values].join(', '));
  }

  /** The policy is run with each of the parameters. */
  async #apply(hook: Hook, bound: Bind, run: Prepared & { readonly annotations: Map<string, Set<string>> }): Promise<void> {
    for (const params of run.params) {
      const input = this.#request.input(run.versioned, params);
      const verdict = await this.#request.evaluate(() => hook.compiled.evaluate(input, () => this.#metrics.now()));
      if (verdict.conditions) this.#metrics.policyConditions(hook.policy.metadata.name, this.#operation, verdict.conditions);
      verdict.decisions.forEach((decision, i) => {
        if (decision.action === 'deny') this.#act(hook, bound, decision, i);
        else if (decision.ignored !== undefined) this.#count(hook, bound, { ...decision, error: decision.ignored, action: 'allow' });
      });
      this.#annotate(hook, bound, verdict, run.annotations);
    }
  }

  #act(hook: Hook, bound: Bind, decision: Decision & { readonly action: 'deny' }, index: number): void {
    const { binding } = bound;
    const { message, seconds } = decision;
    for (const action of binding.spec.validationActions ?? []) {
      if (action === 'Deny') this.#refuse(hook, bound, message, decision.reason);
      if (action === 'Audit') this.#context.annotate(FAILURE_KEY, failureText(binding, message, index));
      if (action === 'Warn') {
        const policy = `ValidatingAdmissionPolicy '${hook.policy.metadata.name}'`;
        this.#context.warn(`Validation failed for ${policy} with binding '${binding.metadata.name}': ${message}`);
      }
      this.#count(hook, bound, { error: message, action: action.toLowerCase(), seconds });
    }
  }

  #annotate(hook: Hook, bound: Bind, { annotations }: Verdict, collected: Map<string, Set<string>>): void {
    for (const outcome of annotations) {
      if ('error' in outcome) {
        this.#refuse(hook, bound, outcome.error);
        this.#count(hook, bound, { ...outcome, action: 'deny' });
      } else collected.set(outcome.key, (collected.get(outcome.key) ?? new Set()).add(shortened(outcome.value)));
    }
  }

  #count({ policy }: Hook, { binding }: Bind, check: Pick<PolicyCheck, 'error' | 'action' | 'seconds'>): void {
    this.#metrics.policyCheck('validating', { policy: policy.metadata.name, binding: binding.metadata.name, ...check });
  }

  #refuse({ policy }: Hook, bound: Bind | undefined, why: string, reason = ''): void {
    const by = `ValidatingAdmissionPolicy '${policy.metadata.name}'`;
    const withBinding = bound ? ` with binding '${bound.binding.metadata.name}'` : '';
    this.refusals.push({ message: `${by}${withBinding} denied request: ${why}`, reason: reason || DEFAULT_REASON });
  }
}

/** The text says that it is forbidden, whatever the reason. */
function refused(attributes: AdmissionAttributes, { message, reason }: Refusal): ApiError {
  const { status } = apiError.forbidden(attributes.kind, nameInErrors(attributes), message);
  return apiError.custom({
    code: CODES[reason] ?? 422,
    reason,
    message: status.message ?? message,
    details: { ...status.details, causes: [{ message }] },
  });
}

/** As Go writes JSON. */
function failureText({ metadata, spec }: Live<Binding>, message: string, expressionIndex: number): string {
  const { policyName: policy, validationActions } = spec;
  return JSON.stringify([{ message, policy, binding: metadata.name, expressionIndex, validationActions }]).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Cut to the bytes that the audit log takes; a character that does not fit whole goes. */
function shortened(value: string): string {
  if (Buffer.byteLength(value) <= ANNOTATION_BYTES_MAX) return value;
  return Buffer.from(value)
    .subarray(0, ANNOTATION_BYTES_MAX)
    .toString()
    .replace(/\ufffd$/, '');
}
