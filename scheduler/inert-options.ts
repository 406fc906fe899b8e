import { inertProcessOptions, type OptionTable, option } from '../runtime/index.ts';

const GATES = 'features are those of 1.34, with their defaults';

/** Options of upstream's kube-scheduler (1.34) that change nothing here. */
export const inertOptions = {
  ...inertProcessOptions,
  'emulated-version': option.inert('list', GATES),
  // Looked at all the same (`main.ts`): a gate that 1.34 does not know is a mistake.
  'feature-gates': { ...option.list(`Without effect: ${GATES}.`), inert: GATES },
  'kube-api-content-type': option.inert('string', 'requests are made in the form that suits each'),
} satisfies OptionTable;
