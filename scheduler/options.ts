import { clientOptions, leaderElectionOptions, servingOptions } from '../client/index.ts';
import { healthOptions, metricOptions, type OptionTable, option, processOptions } from '../runtime/index.ts';
import { inertOptions } from './inert-options.ts';

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
  'write-config-to': option.string('Write the configuration, with its defaults, to this file, and end.', undefined, {
    placeholder: 'FILE',
  }),
  ...clientOptions,
  ...leaderElectionOptions,
  'leader-elect-resource-lock': option.string('What is taken to lead: leases, and nothing else.', 'leases'),
  'leader-elect-resource-name': option.string('Name of the Lease.', 'kube-scheduler'),
  'leader-elect-resource-namespace': option.string('Namespace of the Lease.', 'kube-system'),
  'pod-max-in-unschedulable-pods-duration': option.duration(
    'How long a pod that fits nowhere waits, when nothing happens that may help, until it is tried again all the same.',
    300_000,
  ),
  ...servingOptions(SCHEDULER_PORT),
  'authentication-kubeconfig': option.string('Whom to ask whose a token is; --kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  'authorization-kubeconfig': option.string('Whom to ask what somebody may do; --kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  'cert-dir': option.string('Directory of kube-scheduler.crt and kube-scheduler.key, for who gives no --tls-cert-file.', undefined, {
    placeholder: 'DIR',
  }),
  ...healthOptions,
  ...metricOptions,
  ...processOptions,
  ...inertOptions,
} satisfies OptionTable;
