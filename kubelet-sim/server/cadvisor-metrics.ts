import type { GroupStats, Machine } from './control-group-stats.ts';
import { type Labels, type Metric, type Sample, textOf } from './prometheus-text.ts';

const PERIOD_USEC = 100_000;
/** Bytes of a packet of the network, for who counts packets. */
const PACKET_BYTES = 1448;
const DEVICE = '/dev/vda1';
const FILES_MAX = 1_048_576;

const seconds = (nanoSeconds: number): number => nanoSeconds / 1e9;
const packets = (bytes: number): number => Math.ceil(bytes / PACKET_BYTES);
const sharesOf = (millis = 0): number => Math.min(262_144, Math.max(2, Math.floor((millis * 1024) / 1000)));

/** A value, beside the group's own labels those that tell it from others of the metric. */
type Value = number | readonly (readonly [labels: Labels, value: number])[];

/** Metric, help, type, and what a group has of it: nothing when it has none. */
type Row = readonly [name: string, help: string, type: 'counter' | 'gauge', of: (group: GroupStats) => Value | undefined];

const ifLimited =
  (value: number) =>
  ({ resources }: GroupStats): Value | undefined =>
    resources.cpuLimitMillis ? value : undefined;

const onDisk =
  (of: (fs: NonNullable<GroupStats['fs']>) => number) =>
  ({ fs }: GroupStats): Value | undefined =>
    fs && [[{ device: DEVICE }, of(fs)]];

const onNetwork =
  (of: (network: NonNullable<GroupStats['network']>) => number) =>
  ({ network }: GroupStats): Value | undefined =>
    network && [[{ interface: network.interface }, of(network)]];

const noDisk = onDisk(() => 0);
const noTraffic = onNetwork(() => 0);

/** Of pause processes and containers: groups that have others below them have no processes of their own. */
const ofProcesses =
  (of: (group: GroupStats) => Value): Row[3] =>
  (group) =>
    group.labels.name === '' ? undefined : of(group);

const none = (): Value => 0;
const memory =
  (key: 'workingSetBytes' | 'usageBytes' | 'rssBytes') =>
  (group: GroupStats): Value =>
    group.memory[key];

/** Pressure never is: simulated processes do not wait for each other. */
const PRESSURE: readonly Row[] = (
  [
    ['cpu', 'CPU'],
    ['io', 'IO'],
    ['memory', 'memory'],
  ] as const
).flatMap(([name, word]): Row[] => [
  [
    `container_pressure_${name}_stalled_seconds_total`,
    `Total time duration no tasks in the container could make progress due to ${word} congestion.`,
    'counter',
    none,
  ],
  [
    `container_pressure_${name}_waiting_seconds_total`,
    `Total time duration tasks in the container have waited due to ${word} congestion.`,
    'counter',
    none,
  ],
]);

/** Metrics of control groups, in the order of their names (cAdvisor, `metrics/prometheus.go`; those that a kubelet includes). */
const ROWS: readonly Row[] = [
  ['container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', 'counter', ifLimited(0)],
  ['container_cpu_cfs_throttled_periods_total', 'Number of throttled period intervals.', 'counter', ifLimited(0)],
  ['container_cpu_cfs_throttled_seconds_total', 'Total time duration the container has been throttled.', 'counter', ifLimited(0)],
  ['container_cpu_load_average_10s', 'Value of container cpu load average over the last 10 seconds.', 'gauge', none],
  ['container_cpu_load_d_average_10s', 'Value of container cpu load.d average over the last 10 seconds.', 'gauge', none],
  ['container_cpu_system_seconds_total', 'Cumulative system cpu time consumed in seconds.', 'counter', none],
  [
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed in seconds.',
    'counter',
    ({ cpuNanoSeconds }) => (cpuNanoSeconds > 0 ? [[{ cpu: 'total' }, seconds(cpuNanoSeconds)]] : undefined),
  ],
  [
    'container_cpu_user_seconds_total',
    'Cumulative user cpu time consumed in seconds.',
    'counter',
    ({ cpuNanoSeconds }) => seconds(cpuNanoSeconds),
  ],
  ['container_file_descriptors', 'Number of open file descriptors for the container.', 'gauge', ofProcesses(none)],
  ['container_fs_inodes_free', 'Number of available Inodes', 'gauge', onDisk(({ inodes, inodesUsed }) => Math.max(0, inodes - inodesUsed))],
  ['container_fs_inodes_total', 'Number of Inodes', 'gauge', onDisk(({ inodes }) => inodes)],
  ['container_fs_io_current', 'Number of I/Os currently in progress', 'gauge', noDisk],
  ['container_fs_io_time_seconds_total', 'Cumulative count of seconds spent doing I/Os', 'counter', noDisk],
  ['container_fs_io_time_weighted_seconds_total', 'Cumulative weighted I/O time in seconds', 'counter', noDisk],
  [
    'container_fs_limit_bytes',
    'Number of bytes that can be consumed by the container on this filesystem.',
    'gauge',
    onDisk(({ capacityBytes }) => capacityBytes),
  ],
  ['container_fs_read_seconds_total', 'Cumulative count of seconds spent reading', 'counter', noDisk],
  ['container_fs_reads_merged_total', 'Cumulative count of reads merged', 'counter', noDisk],
  ['container_fs_reads_total', 'Cumulative count of reads completed', 'counter', noDisk],
  ['container_fs_sector_reads_total', 'Cumulative count of sector reads completed', 'counter', noDisk],
  ['container_fs_sector_writes_total', 'Cumulative count of sector writes completed', 'counter', noDisk],
  [
    'container_fs_usage_bytes',
    'Number of bytes that are consumed by the container on this filesystem.',
    'gauge',
    onDisk(({ usedBytes }) => usedBytes),
  ],
  ['container_fs_write_seconds_total', 'Cumulative count of seconds spent writing', 'counter', noDisk],
  ['container_fs_writes_merged_total', 'Cumulative count of writes merged', 'counter', noDisk],
  ['container_fs_writes_total', 'Cumulative count of writes completed', 'counter', noDisk],
  ['container_last_seen', 'Last time a container was seen by the exporter', 'gauge', ({ time }) => Math.floor(time / 1000)],
  ['container_memory_cache', 'Number of bytes of page cache memory.', 'gauge', none],
  ['container_memory_failcnt', 'Number of memory usage hits limits', 'counter', none],
  [
    'container_memory_failures_total',
    'Cumulative count of memory allocation failures.',
    'counter',
    ({ memory: { pageFaults, majorPageFaults } }) =>
      ['container', 'hierarchy'].flatMap((scope) => [
        [{ failure_type: 'pgfault', scope }, pageFaults] as const,
        [{ failure_type: 'pgmajfault', scope }, majorPageFaults] as const,
      ]),
  ],
  ['container_memory_kernel_usage', 'Size of kernel memory allocated in bytes.', 'gauge', none],
  ['container_memory_mapped_file', 'Size of memory mapped files in bytes.', 'gauge', none],
  ['container_memory_max_usage_bytes', 'Maximum memory usage recorded in bytes', 'gauge', memory('usageBytes')],
  ['container_memory_rss', 'Size of RSS in bytes.', 'gauge', memory('rssBytes')],
  ['container_memory_swap', 'Container swap usage in bytes.', 'gauge', none],
  ['container_memory_total_active_file_bytes', 'Current total active file in bytes.', 'gauge', none],
  ['container_memory_total_inactive_file_bytes', 'Current total inactive file in bytes.', 'gauge', none],
  [
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    'gauge',
    memory('usageBytes'),
  ],
  ['container_memory_working_set_bytes', 'Current working set in bytes.', 'gauge', memory('workingSetBytes')],
  ['container_network_receive_bytes_total', 'Cumulative count of bytes received', 'counter', onNetwork(({ rxBytes }) => rxBytes)],
  ['container_network_receive_errors_total', 'Cumulative count of errors encountered while receiving', 'counter', noTraffic],
  ['container_network_receive_packets_dropped_total', 'Cumulative count of packets dropped while receiving', 'counter', noTraffic],
  [
    'container_network_receive_packets_total',
    'Cumulative count of packets received',
    'counter',
    onNetwork(({ rxBytes }) => packets(rxBytes)),
  ],
  ['container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', 'counter', onNetwork(({ txBytes }) => txBytes)],
  ['container_network_transmit_errors_total', 'Cumulative count of errors encountered while transmitting', 'counter', noTraffic],
  ['container_network_transmit_packets_dropped_total', 'Cumulative count of packets dropped while transmitting', 'counter', noTraffic],
  [
    'container_network_transmit_packets_total',
    'Cumulative count of packets transmitted',
    'counter',
    onNetwork(({ txBytes }) => packets(txBytes)),
  ],
  ['container_oom_events_total', 'Count of out of memory events observed for the container', 'counter', none],
  ...PRESSURE,
  ['container_processes', 'Number of processes running inside the container.', 'gauge', ({ processes }) => processes],
  ['container_sockets', 'Number of open sockets for the container.', 'gauge', ofProcesses(none)],
  ['container_tasks_state', 'Number of tasks in given state', 'gauge', () => TASK_STATES.map((state) => [{ state }, 0] as const)],
  ['container_threads', 'Number of threads running inside the container', 'gauge', ({ processes }) => processes],
  ['container_threads_max', 'Maximum number of threads allowed inside the container, infinity if value is zero', 'gauge', none],
  [
    'container_ulimits_soft',
    'Soft ulimit values for the container root process. Unlimited if -1, except priority and nice',
    'gauge',
    ofProcesses(() => [[{ ulimit: 'max_open_files' }, FILES_MAX]]),
  ],
];

const TASK_STATES = ['iowaiting', 'running', 'sleeping', 'stopped', 'uninterruptible'] as const;

/** What a group may use: these come without a time. */
const SPEC_ROWS: readonly Row[] = [
  ['container_spec_cpu_period', 'CPU period of the container.', 'gauge', () => PERIOD_USEC],
  [
    'container_spec_cpu_quota',
    'CPU quota of the container.',
    'gauge',
    ({ resources: { cpuLimitMillis } }) => (cpuLimitMillis ? (cpuLimitMillis * PERIOD_USEC) / 1000 : undefined),
  ],
  ['container_spec_cpu_shares', 'CPU share of the container.', 'gauge', ({ resources }) => sharesOf(resources.cpuRequestMillis)],
  ['container_spec_memory_limit_bytes', 'Memory limit for the container.', 'gauge', ({ resources }) => resources.memoryLimitBytes ?? 0],
  ['container_spec_memory_reservation_limit_bytes', 'Memory reservation limit for the container.', 'gauge', none],
  ['container_spec_memory_swap_limit_bytes', 'Memory swap limit for the container.', 'gauge', none],
  [
    'container_start_time_seconds',
    'Start time of the container since unix epoch in seconds.',
    'gauge',
    ({ createdAt }) => Math.floor(createdAt / 1000),
  ],
];

/** `/metrics/cadvisor`: what cAdvisor in the kubelet tells of the machine and of every control group. */
export function cadvisorMetrics(machine: Machine, groups: readonly GroupStats[]): string {
  const metrics = [
    ...ROWS.map((row) => metricOf(row, groups, true)),
    ...SPEC_ROWS.map((row) => metricOf(row, groups, false)),
    gauge('container_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', {}, 0),
    ...machineMetrics(machine),
  ];
  return textOf(metrics.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function metricOf([name, help, type, of]: Row, groups: readonly GroupStats[], isTimed: boolean): Metric {
  const samples = groups.flatMap((group): Sample[] => {
    const value = of(group);
    if (value === undefined) return [];
    const values = typeof value === 'number' ? ([[{}, value]] as const) : value;
    return values.map(([more, each]) => ({
      labels: sorted({ ...group.labels, ...more }),
      value: each,
      ...(isTimed ? { time: group.time } : {}),
    }));
  });
  return { name, type, help, samples };
}

const sorted = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

const gauge = (name: string, help: string, labels: Labels, value: number): Metric => ({
  name,
  type: 'gauge',
  help,
  samples: [{ labels, value }],
});

/** cAdvisor, `metrics/prometheus_machine.go`. */
function machineMetrics(machine: Machine): Metric[] {
  const { cpuCores, memoryBytes, machineId, systemUuid, bootId, kernelVersion, osVersion } = machine;
  const labels = { boot_id: bootId, machine_id: machineId, system_uuid: systemUuid };
  const cores = Math.floor(cpuCores);
  const modes = ['app_direct_mode', 'memory_mode'];
  return [
    gauge(
      'cadvisor_version_info',
      "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
      { cadvisorRevision: '', cadvisorVersion: '', dockerVersion: '', kernelVersion, osVersion },
      1,
    ),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', labels, cores),
    gauge('machine_cpu_physical_cores', 'Number of physical CPU cores.', labels, cores),
    gauge('machine_cpu_sockets', 'Number of CPU sockets.', labels, 1),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', labels, memoryBytes),
    gauge('machine_nvm_avg_power_budget_watts', 'NVM power budget.', labels, 0),
    {
      name: 'machine_nvm_capacity',
      type: 'gauge',
      help: 'NVM capacity value labeled by NVM mode (memory mode or app direct mode).',
      samples: modes.map((mode) => ({ labels: sorted({ ...labels, mode }), value: 0 })),
    },
    gauge('machine_scrape_error', '1 if there was an error while getting machine metrics, 0 otherwise.', {}, 0),
    gauge('machine_swap_bytes', 'Amount of swap memory available on the machine.', labels, 0),
  ];
}
