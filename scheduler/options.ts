import { clientOptions, leaderElectionOptions } from '../client/index.ts';
import { type OptionTable, option } from '../runtime/index.ts';

/** What the scheduler takes; names are upstream's. */
export const schedulerOptions = {
  ...clientOptions,
  ...leaderElectionOptions,
  'healthz-port': option.integer('Port on 127.0.0.1 for /healthz, /readyz and /metrics; 0 for none.', 0, { min: 0, max: 65535 }),
  'log-level': option.string('Least severe level that is logged.', 'info', { placeholder: 'LEVEL' }),
} satisfies OptionTable;
