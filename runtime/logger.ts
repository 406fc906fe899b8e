import pino from 'pino';

/** A logger: constant messages, facts in fields; `child` for a component, a reconcile, a pod. */
export type Logger = pino.Logger;

/** Levels, most to least severe; `docs/logging.md` says what belongs where. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * Makes the logger of a process: JSON lines on standard output. A line is written before the call returns, as upstream's are: none is lost when the
 * process ends, and a process whose reader has gone still ends.
 *
 * @param component name of the process, in every line.
 * @param level the least severe level that is written.
 */
export function createLogger(component: string, level = 'info'): Logger {
  const line = { level, base: { component, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(line, pino.destination({ dest: 1, sync: true }));
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
