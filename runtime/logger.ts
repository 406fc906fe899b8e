import pino from 'pino';

/** A logger: constant messages, facts in fields; `child` for a component, a reconcile, a pod. */
export type Logger = pino.Logger;

/** Levels, most to least severe; `docs/logging.md` says what belongs where. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * Makes the logger of a process: JSON lines on standard output.
 *
 * @param component name of the process, in every line.
 * @param level the least severe level that is written.
 */
export function createLogger(component: string, level = 'info'): Logger {
  return pino({ level, base: { component, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
