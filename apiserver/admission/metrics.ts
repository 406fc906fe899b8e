// Metrics of admission, under upstream's names (apiserver, `admission/metrics/metrics.go`).
import type { Clock } from '../../runtime/index.ts';
import type { Histogram } from '../registry/histogram.ts';
import { CounterFamily, HistogramFamily, type Labels } from '../registry/metric-families.ts';
import type { AdmissionOperation } from './plugin.ts';
import { PodSecurityMetrics } from './pod-security/metrics.ts';

const PLUGIN_BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const WEBHOOK_BOUNDS = [...PLUGIN_BOUNDS, 10, 25];
const EXPRESSION_BOUNDS = [0.000_000_5, 0.001, 0.01, 0.1, 1];
const CONDITION_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];
/** Greater codes are counted as this one: there are not to be many. */
const CODE_MAX = 600;

/** The phases of admission. */
export type AdmissionStep = 'admit' | 'validate';

/** A question to a webhook, as metrics tell of it. */
export interface WebhookCallName {
  readonly name: string;
  readonly type: 'admit' | 'validating';
  readonly operation: AdmissionOperation;
}

/** The conditions of a webhook or a policy. */
export interface ConditionsName {
  readonly name: string;
  readonly kind: 'webhook' | 'policy';
  readonly type: 'admit' | 'validate';
  readonly operation: AdmissionOperation;
}

/** What came of one validation or mutation of a policy. */
export interface PolicyCheck {
  readonly policy: string;
  readonly binding: string;
  /** Why it failed, if it did. */
  readonly error?: string | undefined;
  /** What a failed validation led to: `deny`, `warn`, `audit`, or `allow` where failures are ignored; of validations only. */
  readonly action?: string | undefined;
  readonly seconds: number;
}

/** How long one plugin, or all of them, took. */
export interface PluginTimer {
  observe(operation: AdmissionOperation, ms: number, rejected: boolean): void;
}

export class AdmissionMetrics {
  readonly podSecurity = new PodSecurityMetrics();
  readonly #clock: Clock;
  readonly #steps = new HistogramFamily(
    'apiserver_admission_step_admission_duration_seconds',
    'Admission by phase: how long it took.',
    PLUGIN_BOUNDS,
  );
  readonly #controllers = new HistogramFamily(
    'apiserver_admission_controller_admission_duration_seconds',
    'Admission plugins: how long they took.',
    PLUGIN_BOUNDS,
  );
  readonly #webhooks = new HistogramFamily(
    'apiserver_admission_webhook_admission_duration_seconds',
    'Admission webhooks: how long they took.',
    WEBHOOK_BOUNDS,
  );
  readonly #conditions = new HistogramFamily(
    'apiserver_admission_match_condition_evaluation_seconds',
    'Match conditions: how long they took.',
    CONDITION_BOUNDS,
  );
  readonly #rejections = new CounterFamily('apiserver_admission_webhook_rejection_count', 'Requests that admission webhooks refused.');
  readonly #failOpens = new CounterFamily(
    'apiserver_admission_webhook_fail_open_count',
    'Failures of admission webhooks that were ignored.',
  );
  readonly #requests = new CounterFamily('apiserver_admission_webhook_request_total', 'Requests that admission webhooks were asked about.');
  readonly #conditionErrors = new CounterFamily(
    'apiserver_admission_match_condition_evaluation_errors_total',
    'Match conditions that could not be told.',
  );
  readonly #exclusions = new CounterFamily(
    'apiserver_admission_match_condition_exclusions_total',
    'Requests that a webhook or policy was not asked about because of its match conditions.',
  );

  readonly #policyChecks = {
    validating: new CounterFamily('apiserver_validating_admission_policy_check_total', 'Validations of policies that failed.'),
    mutating: new CounterFamily('apiserver_mutating_admission_policy_check_total', 'Mutations of policies.'),
  };
  readonly #policySeconds = {
    validating: new HistogramFamily(
      'apiserver_validating_admission_policy_check_duration_seconds',
      'Validations of policies that failed: how long each took.',
      EXPRESSION_BOUNDS,
    ),
    mutating: new HistogramFamily(
      'apiserver_mutating_admission_policy_check_duration_seconds',
      'Mutations of policies: how long each took.',
      EXPRESSION_BOUNDS,
    ),
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that only go forward. */
  now(): number {
    return this.#clock.monotonic();
  }

  stepTimer(type: AdmissionStep): PluginTimer {
    return new FamilyTimer(this.#steps, (operation, rejected) => ({ type, operation, rejected }));
  }

  pluginTimer(name: string, type: AdmissionStep): PluginTimer {
    return new FamilyTimer(this.#controllers, (operation, rejected) => ({ name, type, operation, rejected }));
  }

  webhook({ name, type, operation }: WebhookCallName, outcome: { seconds: number; code: number; rejected: boolean }): void {
    const { seconds, rejected } = outcome;
    this.#requests.add({ name, type, operation, code: Math.min(outcome.code, CODE_MAX), rejected });
    this.#webhooks.of({ name, type, operation, rejected }).observe(seconds);
  }

  webhookRejection({ name, type, operation }: WebhookCallName, { errorType, code }: { errorType: string; code: number }): void {
    this.#rejections.add({ name, type, operation, error_type: errorType, rejection_code: Math.min(code, CODE_MAX) });
  }

  webhookFailOpen({ name, type }: WebhookCallName): void {
    this.#failOpens.add({ name, type });
  }

  conditionsEvaluated(conditions: ConditionsName, seconds: number): void {
    this.#conditions.of({ ...conditions }).observe(seconds);
  }

  conditionError(conditions: ConditionsName): void {
    this.#conditionErrors.add({ ...conditions });
  }

  conditionExclusion(conditions: ConditionsName): void {
    this.#exclusions.add({ ...conditions });
  }

  /** Of a policy of either sort; upstream tells them alike. */
  policyConditions(name: string, operation: AdmissionOperation, { seconds, failed }: { seconds: number; failed: boolean }): void {
    const conditions: ConditionsName = { name, kind: 'policy', type: 'validate', operation };
    this.conditionsEvaluated(conditions, seconds);
    if (failed) this.conditionError(conditions);
  }

  policyCheck(sort: 'validating' | 'mutating', { policy, binding, error, action, seconds }: PolicyCheck): void {
    const labels = { policy, policy_binding: binding, error_type: errorType(error), ...(action ? { enforcement_action: action } : {}) };
    this.#policyChecks[sort].add(labels);
    this.#policySeconds[sort].of(labels).observe(seconds);
  }

  /** Prometheus' text format. */
  text(): string {
    const families = [
      ...[this.#steps, this.#controllers, this.#webhooks, this.#conditions],
      ...[this.#rejections, this.#failOpens, this.#requests, this.#conditionErrors, this.#exclusions],
      ...[this.#policyChecks, this.#policySeconds].flatMap(({ validating, mutating }) => [validating, mutating]),
    ];
    const lines = [...families, this.podSecurity].flatMap((family) => family.lines());
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}

/** Upstream goes by the text. */
function errorType(error: string | undefined): string {
  if (error === undefined) return 'no_error';
  if (error.startsWith('compilation')) return 'compile_error';
  return error.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error';
}

const OPERATIONS: Readonly<Record<AdmissionOperation, number>> = { CREATE: 0, UPDATE: 1, DELETE: 2, CONNECT: 3 };

/** Finds its histograms without making labels anew: it is asked for each plugin of each write. */
class FamilyTimer implements PluginTimer {
  readonly #family: HistogramFamily;
  readonly #labels: (operation: AdmissionOperation, rejected: boolean) => Labels;
  readonly #passed: Histogram[] = [];

  constructor(family: HistogramFamily, labels: (operation: AdmissionOperation, rejected: boolean) => Labels) {
    this.#family = family;
    this.#labels = labels;
  }

  observe(operation: AdmissionOperation, ms: number, rejected: boolean): void {
    const index = OPERATIONS[operation];
    const known = rejected ? undefined : this.#passed[index];
    const histogram = known ?? this.#family.of(this.#labels(operation, rejected));
    if (!rejected && !known) this.#passed[index] = histogram;
    histogram.observe(ms / 1000);
  }
}
