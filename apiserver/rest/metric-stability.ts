// How much upstream promises of which metric. Upstream: test/instrumentation/testdata/stable-metrics-list.yaml of 1.34.

const STABLE: ReadonlySet<string> = new Set(
  `apiserver_admission_controller_admission_duration_seconds apiserver_admission_step_admission_duration_seconds
  apiserver_admission_webhook_admission_duration_seconds apiserver_current_inflight_requests apiserver_longrunning_requests
  apiserver_request_duration_seconds apiserver_request_total apiserver_requested_deprecated_apis apiserver_response_sizes
  apiserver_storage_objects apiserver_storage_size_bytes`.split(/\s+/),
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
  disabled_metrics_total hidden_metrics_total kubernetes_feature_enabled registered_metrics_total`.split(/\s+/),
);

/** @param name of a metric, without what is added for its buckets. */
export function stabilityOf(name: string): 'STABLE' | 'BETA' | 'ALPHA' {
  if (STABLE.has(name)) return 'STABLE';
  return BETA.has(name) ? 'BETA' : 'ALPHA';
}

const NAME = 'registered_metrics_total';

/** Counts the metrics of a text in Prometheus' format, and this count itself. */
export function registeredText(text: string): string {
  const counts = new Map<string, number>();
  for (const [, name = ''] of `${text}# TYPE ${NAME} `.matchAll(/^# TYPE (\S+) /gm)) {
    const stability = stabilityOf(name);
    counts.set(stability, (counts.get(stability) ?? 0) + 1);
  }
  const lines = [...counts].map(([stability, count]) => `${NAME}{deprecated_version="",stability_level="${stability}"} ${count}\n`);
  return `# HELP ${NAME} Metrics there are, by how stable they are.\n# TYPE ${NAME} counter\n${lines.join('')}`;
}
