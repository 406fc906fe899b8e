import { type Clock, type Logger, type OptionTable, type OptionValues, option, type Random, UserError } from '../runtime/index.ts';
import { createClient } from './api-client.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { ApiClient } from './types.ts';

/** Options of every process that talks to the API server; names are upstream's. */
export const clientOptions = {
  kubeconfig: option.string('How to reach the API server.', undefined, { placeholder: 'FILE' }),
  master: option.string('Address of the API server, instead of the one in the kubeconfig.', undefined, { placeholder: 'URL' }),
  'kube-api-qps': option.number('Requests per second to the API server; 0 for no limit.', 0, { min: 0 }),
  'kube-api-burst': option.integer('Requests that may be made at once above --kube-api-qps.', 100, { min: 1 }),
} satisfies OptionTable;

/** Options of every process of which one at a time may work. */
export const leaderElectionOptions = {
  'leader-elect': option.boolean('Work only while holding a Lease, so that several of this process can stand by.', true),
  'leader-elect-lease-duration': option.duration('How long a silent leader keeps the lease.', 15_000),
  'leader-elect-renew-deadline': option.duration('How long the leader tries to renew before it gives up.', 10_000),
  'leader-elect-retry-period': option.duration('How long candidates wait between tries.', 2_000),
} satisfies OptionTable;

export interface ClientProcess {
  readonly userAgent: string;
  /** Connections for requests that are not watches. */
  readonly connections?: number | undefined;
  /** How long an answer may let itself be waited for. */
  readonly responseMsMax?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The client of a process, from its options.
 *
 * @throws UserError when there is no kubeconfig, or it cannot be used.
 */
export function clientFromOptions(values: OptionValues<typeof clientOptions>, process: ClientProcess): ApiClient {
  const { kubeconfig, master, 'kube-api-qps': qps, 'kube-api-burst': burst } = values;
  if (kubeconfig === undefined) throw new UserError('option --kubeconfig is needed: the file that says how to reach the API server');
  const config = loadKubeconfig(kubeconfig);
  return createClient({ ...config, server: master ?? config.server, ...(qps > 0 ? { qps, burst } : {}), ...process });
}

/** The durations of leader election, or undefined when it is off. */
export function leaderElectionOf(values: OptionValues<typeof leaderElectionOptions>): LeaderElectionTimes | undefined {
  if (!values['leader-elect']) return undefined;
  return {
    leaseDurationMs: values['leader-elect-lease-duration'],
    renewDeadlineMs: values['leader-elect-renew-deadline'],
    retryPeriodMs: values['leader-elect-retry-period'],
  };
}

/** How several of a process agree on which of them works. Durations in milliseconds. */
export interface LeaderElectionTimes {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}
