import type { BatchLimits, Dial, Environment } from '../../runtime/index.ts';
import type { Auditor, Exchange } from '../pipeline/exchange.ts';
import { AuditLog } from './audit-log.ts';
import { type BatchWriter, BufferedSink } from './buffered-sink.ts';
import { FileSink } from './file-sink.ts';
import { type AuditValues, throttleOf } from './options.ts';
import { readAuditPolicy } from './policy.ts';
import { RotatingFile } from './rotating-file.ts';
import { AuditLosses, type AuditSink } from './sink.ts';
import { TruncatingSink } from './truncating-sink.ts';
import { WebhookWriter } from './webhook-writer.ts';

/**
 * What notes requests, as the options have it; undefined when there is nothing to note, or nowhere.
 *
 * @throws UserError when a file cannot be read or written.
 */
export function createAuditor(
  values: AuditValues,
  { clock, random, logger, dial }: Environment & { readonly dial?: Dial | undefined },
): ((bodyOf: (exchange: Exchange) => unknown) => Auditor) | undefined {
  const policyFile = values['audit-policy-file'];
  if (policyFile === undefined) return undefined;
  const losses = new AuditLosses(logger);
  const parts = { losses, clock };
  const policy = readAuditPolicy(policyFile);
  const onError = (err: unknown) => logger.error({ err }, 'an old audit file could not be compressed');
  const path = values['audit-log-path'];
  const sinks: AuditSink[] = [];
  if (path !== undefined) sinks.push(truncating(values, 'log', losses, logSink(values, { ...parts, path, onError })));
  const kubeconfig = values['audit-webhook-config-file'];
  if (kubeconfig !== undefined) {
    const bytesMax = values['audit-webhook-truncate-enabled'] ? values['audit-webhook-truncate-max-batch-size'] : undefined;
    const writer = new WebhookWriter({ kubeconfig, retryMs: values['audit-webhook-initial-backoff'], bytesMax, dial, clock, random });
    sinks.push(truncating(values, 'webhook', losses, new BufferedSink({ writer, ...batchesOf(values, 'webhook'), ...parts })));
  }
  return sinks.length === 0 ? undefined : (bodyOf) => new AuditLog({ policy, sinks, losses, bodyOf, clock });
}

interface LogParts extends Pick<Environment, 'clock'> {
  readonly path: string;
  readonly losses: AuditLosses;
  onError(error: unknown): void;
}

function logSink(values: AuditValues, { path, losses, clock, onError }: LogParts): AuditSink {
  const file = new RotatingFile({
    path,
    megabytesMax: values['audit-log-maxsize'],
    backupsMax: values['audit-log-maxbackup'],
    daysMax: values['audit-log-maxage'],
    compress: values['audit-log-compress'] ? { onError } : undefined,
    now: () => clock.now(),
  });
  const sink = new FileSink(file, values['audit-log-mode'] === 'blocking-strict');
  if (values['audit-log-mode'] !== 'batch') return sink;
  const writer: BatchWriter = {
    plugin: sink.plugin,
    write: (events) => events.forEach((event) => void sink.take(event)),
    close: () => sink.close(),
  };
  return new BufferedSink({ writer, ...batchesOf(values, 'log'), losses, clock });
}

const batchesOf = (values: AuditValues, plugin: 'log' | 'webhook'): BatchLimits => ({
  waitingMax: values[`audit-${plugin}-batch-buffer-size`],
  batchMax: values[`audit-${plugin}-batch-max-size`],
  waitMs: values[`audit-${plugin}-batch-max-wait`],
  throttle: throttleOf(values, plugin),
});

function truncating(values: AuditValues, plugin: 'log' | 'webhook', losses: AuditLosses, next: AuditSink): AuditSink {
  if (!values[`audit-${plugin}-truncate-enabled`]) return next;
  return new TruncatingSink({ next, eventBytesMax: values[`audit-${plugin}-truncate-max-event-size`], losses });
}
