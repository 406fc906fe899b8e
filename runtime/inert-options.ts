import { type OptionTable, option } from './options.ts';

const LOGS = 'logs are JSON lines on standard output, written at once';
const PROFILING = 'there are no profiles of Go here';

/** Options of every process of upstream's that change nothing in ours. */
export const inertProcessOptions = {
  profiling: option.inert('boolean', PROFILING),
  'contention-profiling': option.inert('boolean', PROFILING),
  vmodule: option.inert('list', 'there are no files of Go here'),
  'logging-format': option.inert('string', LOGS),
  'log-flush-frequency': option.inert('duration', LOGS),
  'log-json-info-buffer-size': option.inert('string', LOGS),
  'log-json-split-stream': option.inert('boolean', LOGS),
  'log-text-info-buffer-size': option.inert('string', LOGS),
  'log-text-split-stream': option.inert('boolean', LOGS),
  'emulation-forward-compatible': option.inert('boolean', 'no other version is emulated'),
  'permit-address-sharing': option.inert('boolean', 'addresses are shared with connections that end'),
} satisfies OptionTable;
