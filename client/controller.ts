import { isConflict } from '../api/index.ts';
import { onAbort } from '../runtime/index.ts';
import { errorFields, TerminalError } from './errors.ts';
import { controllerStarted } from './observation.ts';
import type { ControllerOptions, ReconcileResult } from './types.ts';

/** From this many failures in a row on, they are logged as warnings, then as errors. */
const RETRIES_WARN = 3;
const RETRIES_ERROR = 8;

/**
 * Runs a controller's workers until the signal: takes keys, reconciles them, and puts them back by outcome.
 *
 * - resolves with nothing: done, its back-off is forgotten;
 * - resolves with `requeueAfterMs`: likewise, and again after that;
 * - rejects: again after the key's back-off;
 * - rejects with TerminalError: logged and dropped.
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { name, queue, signal, workers } = options;
  if (controllerStarted.hasSubscribers) controllerStarted.publish({ name, queue });
  using _ = onAbort(signal, () => queue.shutDown());
  if (signal.aborted) queue.shutDown();
  await Promise.all(Array.from({ length: workers }, () => work(options)));
}

async function work(options: ControllerOptions): Promise<void> {
  const { queue, signal } = options;
  for (;;) {
    const key = await queue.get();
    if (key === undefined) return;
    if (!signal.aborted) await reconcileOne(options, key);
    queue.done(key);
  }
}

async function reconcileOne(options: ControllerOptions, key: string): Promise<void> {
  const { queue, signal, clock, metrics } = options;
  const startedAt = clock.monotonic();
  try {
    const result: ReconcileResult | undefined = (await options.reconcile(key, signal)) ?? undefined;
    queue.forget(key);
    const again = result?.requeueAfterMs;
    if (again !== undefined) queue.addAfter(key, again);
    metrics?.onReconciled?.(again === undefined ? 'success' : 'requeue', clock.monotonic() - startedAt);
  } catch (error) {
    if (signal.aborted) return;
    fail(options, key, error);
    metrics?.onReconciled?.(error instanceof TerminalError ? 'terminal' : 'error', clock.monotonic() - startedAt);
  }
}

function fail({ name, queue, logger }: ControllerOptions, key: string, error: unknown): void {
  if (error instanceof TerminalError) {
    queue.forget(key);
    logger.error({ controller: name, key, err: error }, 'reconcile failed for good');
    return;
  }
  queue.addRateLimited(key);
  const retries = queue.retries(key);
  const level = isConflict(error) || retries < RETRIES_WARN ? 'info' : retries < RETRIES_ERROR ? 'warn' : 'error';
  logger[level]({ controller: name, key, retries, ...errorFields(error) }, 'reconcile failed, will retry');
}
