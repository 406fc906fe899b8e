import { type OptionTable, option } from '../runtime/index.ts';

/** What the scheduler takes; names are upstream's. */
export const schedulerOptions = {
  kubeconfig: option.string('How to reach the API server.', undefined, { placeholder: 'FILE' }),
  master: option.string('Address of the API server, instead of the one in the kubeconfig.', undefined, { placeholder: 'URL' }),
  'leader-elect': option.boolean(
    'Run only while holding the Lease kube-system/kube-scheduler, so that several schedulers can stand by.',
    true,
  ),
  'leader-elect-lease-duration': option.duration('How long a silent leader keeps the lease.', 15_000),
  'leader-elect-renew-deadline': option.duration('How long the leader tries to renew before it gives up.', 10_000),
  'leader-elect-retry-period': option.duration('How long candidates wait between tries.', 2_000),
  'kube-api-qps': option.integer('Requests per second to the API server; 0 for no limit.', 0, { min: 0 }),
  'kube-api-burst': option.integer('Requests that may be made at once above --kube-api-qps.', 100, { min: 1 }),
  'healthz-port': option.integer('Port on 127.0.0.1 for /healthz, /readyz and /metrics; 0 for none.', 0, { min: 0, max: 65535 }),
  'log-level': option.string('Least severe level that is logged.', 'info', { placeholder: 'LEVEL' }),
} satisfies OptionTable;
