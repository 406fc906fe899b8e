// How much upstream promises of which metric. Upstream: test/instrumentation/testdata/stable-metrics-list.yaml of 1.34.

const STABLE: ReadonlySet<string> = new Set(
  `apiserver_admission_controller_admission_duration_seconds apiserver_admission_step_admission_duration_seconds
  apiserver_admission_webhook_admission_duration_seconds apiserver_current_inflight_requests apiserver_longrunning_requests
  apiserver_request_duration_seconds apiserver_request_total apiserver_requested_deprecated_apis apiserver_response_sizes
  apiserver_storage_objects apiserver_storage_size_bytes cronjob_controller_job_creation_skew_duration_seconds
  job_controller_job_pods_finished_total job_controller_job_sync_duration_seconds job_controller_job_syncs_total
  job_controller_jobs_finished_total kube_pod_resource_limit kube_pod_resource_request kubernetes_healthcheck
  kubernetes_healthchecks_total node_collector_evictions_total scheduler_framework_extension_point_duration_seconds
  scheduler_pending_pods scheduler_pod_scheduling_attempts scheduler_pod_scheduling_duration_seconds scheduler_preemption_attempts_total
  scheduler_preemption_victims scheduler_queue_incoming_pods_total scheduler_schedule_attempts_total
  scheduler_scheduling_attempt_duration_seconds`.split(/\s+/),
);

const BETA: ReadonlySet<string> = new Set(
  `apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds
  apiserver_authentication_config_controller_automatic_reloads_total
  apiserver_authorization_config_controller_automatic_reload_last_timestamp_seconds
  apiserver_authorization_config_controller_automatic_reloads_total apiserver_cel_compilation_duration_seconds
  apiserver_cel_evaluation_duration_seconds apiserver_flowcontrol_current_executing_requests apiserver_flowcontrol_current_executing_seats
  apiserver_flowcontrol_current_inqueue_requests apiserver_flowcontrol_dispatched_requests_total apiserver_flowcontrol_nominal_limit_seats
  apiserver_flowcontrol_rejected_requests_total apiserver_flowcontrol_request_wait_duration_seconds
  apiserver_validating_admission_policy_check_duration_seconds apiserver_validating_admission_policy_check_total
  apiserver_validation_declarative_validation_mismatch_total apiserver_validation_declarative_validation_panic_total
  disabled_metrics_total hidden_metrics_total kubernetes_feature_enabled registered_metrics_total
  scheduler_pod_scheduling_sli_duration_seconds`.split(/\s+/),
);

/** What is registered with Prometheus' library past component-base, which says nothing of how stable it is. */
const UNTOLD =
  /^(process|nodejs|go)_|^apiserver_flowcontrol_(demand_seats|priority_level_(request|seat)_utilization|read_vs_write_current_requests)$/;

export type Stability = 'STABLE' | 'BETA' | 'ALPHA';

/** @param name of a metric, without what is added for its buckets. @returns undefined for those of every process, of which nobody says. */
export function stabilityOf(name: string): Stability | undefined {
  if (STABLE.has(name)) return 'STABLE';
  if (BETA.has(name)) return 'BETA';
  return UNTOLD.test(name) ? undefined : 'ALPHA';
}
