import { clientOptions, leaderElectionOptions, servingOptions } from '../client/index.ts';
import { healthOptions, type OptionTable, option, processOptions } from '../runtime/index.ts';

/** Where upstream serves health and metrics. */
const SCHEDULER_PORT = 10_259;

/** What the scheduler takes; names are upstream's. */
export const schedulerOptions = {
  config: option.string(
    'A KubeSchedulerConfiguration file: profiles, plugins and their arguments, extenders. Options given beside it win.',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  ...clientOptions,
  ...leaderElectionOptions,
  'leader-elect-resource-name': option.string('Name of the Lease.', 'kube-scheduler'),
  'leader-elect-resource-namespace': option.string('Namespace of the Lease.', 'kube-system'),
  ...servingOptions(SCHEDULER_PORT),
  ...healthOptions,
  ...processOptions,
} satisfies OptionTable;
