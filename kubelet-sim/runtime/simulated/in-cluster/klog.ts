import type { ProcessContext } from '../program.ts';

/** Severities as klog's first letter has them. */
export type KlogSeverity = 'I' | 'W' | 'E' | 'F';

/** @param text with where it is from: `main.go:60] started` */
export type Klog = (severity: KlogSeverity, text: string) => void;

/** Writes lines as klog does, to standard error. */
export const klogTo =
  (context: Pick<ProcessContext, 'clock' | 'pid' | 'output'>): Klog =>
  (severity, text) => {
    const [date = '', time = ''] = new Date(context.clock.now()).toISOString().split('T');
    const stamp = `${date.slice(5, 7)}${date.slice(8)} ${time.slice(0, 12)}000`;
    context.output('stderr', `${severity}${stamp} ${String(context.pid).padStart(7)} ${text}\n`);
  };
