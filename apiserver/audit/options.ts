import { OptionError, type OptionTable, type OptionValues, option } from '../../runtime/index.ts';

const BUFFER_EVENTS = 10_000;
const EVENT_BYTES = 100 * 1024;
const BATCH_BYTES = 10 * 1024 * 1024;

/** Options of the audit log and the audit webhook, with upstream's names and defaults (apiserver, `pkg/server/options/audit.go`). */
export const auditOptions = {
  'audit-policy-file': option.string('What is noted of which requests: a Policy of audit.k8s.io/v1.', undefined, { placeholder: 'FILE' }),
  'audit-log-path': option.string('File that audited requests are noted in, one JSON line each; - for the standard output.', undefined, {
    placeholder: 'FILE',
  }),
  'audit-log-maxage': option.integer('Days that old audit files are kept; 0 for ever.', 0, { min: 0 }),
  'audit-log-maxbackup': option.integer('Old audit files that are kept; 0 for all.', 0, { min: 0 }),
  'audit-log-maxsize': option.integer('Megabytes after which another audit file is begun; 0 for 100.', 0, { min: 0 }),
  'audit-log-mode': option.string('blocking: a request goes on when it cannot be noted; blocking-strict: it is refused.', 'blocking', {
    placeholder: 'MODE',
  }),
  'audit-log-compress': option.boolean('Compress old audit files with gzip.', false),
  'audit-log-format': option.string('Form of the events in the file; there is json.', 'json', { placeholder: 'FORMAT' }),
  'audit-log-version': option.string('Version of the events in the file; there is audit.k8s.io/v1.', 'audit.k8s.io/v1', {
    placeholder: 'VERSION',
  }),
  'audit-log-batch-buffer-size': option.integer('With mode batch: events that may wait; more are lost.', BUFFER_EVENTS, { min: 1 }),
  'audit-log-batch-max-size': option.integer('With mode batch: events that are written at once.', 1, { min: 1 }),
  'audit-log-batch-max-wait': option.duration('With mode batch: how long a batch waits to be full.', 0),
  'audit-log-batch-throttle-enable': option.boolean('With mode batch: write only so many batches a second.', false),
  'audit-log-batch-throttle-qps': option.number('How many that is.', 0, { min: 0 }),
  'audit-log-batch-throttle-burst': option.integer('How many at once after a pause.', 0, { min: 0 }),
  'audit-log-truncate-enabled': option.boolean('Leave the bodies out of events that are too large.', false),
  'audit-log-truncate-max-event-size': option.integer('Bytes from which on they are.', EVENT_BYTES, { min: 1 }),
  'audit-log-truncate-max-batch-size': option.integer('Without effect: a file takes batches of any size.', BATCH_BYTES, { min: 1 }),
  'audit-webhook-config-file': option.string('Kubeconfig of a webhook that audit events are posted to.', undefined, {
    placeholder: 'FILE',
  }),
  'audit-webhook-mode': option.string('batch: events are posted behind the requests, in lists; there is no other mode.', 'batch', {
    placeholder: 'MODE',
  }),
  'audit-webhook-version': option.string('Version of the events that are posted; there is audit.k8s.io/v1.', 'audit.k8s.io/v1', {
    placeholder: 'VERSION',
  }),
  'audit-webhook-initial-backoff': option.duration(
    'How long is waited before events are posted again that the webhook did not take.',
    10_000,
  ),
  'audit-webhook-batch-buffer-size': option.integer('Events that may wait; more are lost.', BUFFER_EVENTS, { min: 1 }),
  'audit-webhook-batch-max-size': option.integer('Events that are posted at once.', 400, { min: 1 }),
  'audit-webhook-batch-max-wait': option.duration('How long a list waits to be full.', 30_000),
  'audit-webhook-batch-throttle-enable': option.boolean('Post only so many lists a second.', true),
  'audit-webhook-batch-throttle-qps': option.number('How many that is.', 10, { min: 0 }),
  'audit-webhook-batch-throttle-burst': option.integer('How many at once after a pause.', 15, { min: 0 }),
  'audit-webhook-truncate-enabled': option.boolean('Leave the bodies out of events that are too large, and split large lists.', false),
  'audit-webhook-truncate-max-event-size': option.integer('Bytes from which on they are left out.', EVENT_BYTES, { min: 1 }),
  'audit-webhook-truncate-max-batch-size': option.integer('Bytes of a list.', BATCH_BYTES, { min: 1 }),
} satisfies OptionTable;

export type AuditValues = OptionValues<typeof auditOptions>;

const LOG_MODES: readonly string[] = ['blocking', 'blocking-strict', 'batch'];
const VERSION = 'audit.k8s.io/v1';

/** @throws OptionError that says what to change. */
export function checkAudit(values: AuditValues): void {
  const { 'audit-log-mode': mode, 'audit-webhook-mode': webhookMode, 'audit-log-format': format } = values;
  if (!LOG_MODES.includes(mode)) throw new OptionError(`option --audit-log-mode knows ${LOG_MODES.join(', ')}, not "${mode}"`);
  if (webhookMode !== 'batch') {
    throw new OptionError(`option --audit-webhook-mode knows batch, not "${webhookMode}": requests do not wait for a webhook here`);
  }
  if (format !== 'json') throw new OptionError(`option --audit-log-format knows json, not "${format}"`);
  for (const name of ['audit-log-version', 'audit-webhook-version'] as const) {
    if (values[name] !== VERSION) throw new OptionError(`option --${name} knows ${VERSION}, not "${values[name]}"`);
  }
  for (const name of ['audit-log-path', 'audit-webhook-config-file'] as const) {
    if (values[name] !== undefined && values['audit-policy-file'] === undefined)
      throw new OptionError(`option --${name} needs --audit-policy-file, which says what is noted`);
  }
  for (const plugin of ['log', 'webhook'] as const) checkBatches(values, plugin);
}

function checkBatches(values: AuditValues, plugin: 'log' | 'webhook'): void {
  const { qps, burst } = throttleOf(values, plugin) ?? { qps: 1, burst: 1 };
  if (qps <= 0 || burst <= 0) {
    throw new OptionError(
      `option --audit-${plugin}-batch-throttle-enable needs figures above 0 for --audit-${plugin}-batch-throttle-qps and -burst`,
    );
  }
  if (values[`audit-${plugin}-truncate-max-batch-size`] < values[`audit-${plugin}-truncate-max-event-size`])
    throw new OptionError(`option --audit-${plugin}-truncate-max-batch-size takes no less than --audit-${plugin}-truncate-max-event-size`);
}

/** How many batches a second a place for events is given; undefined for as many as there are. */
export function throttleOf(values: AuditValues, plugin: 'log' | 'webhook'): { qps: number; burst: number } | undefined {
  if (!values[`audit-${plugin}-batch-throttle-enable`]) return undefined;
  return { qps: values[`audit-${plugin}-batch-throttle-qps`], burst: values[`audit-${plugin}-batch-throttle-burst`] };
}
