import { formatDuration } from '../../api/index.ts';
import { Exchange } from '../pipeline/exchange.ts';
import type { PriorityAndFairness } from './priority-and-fairness.ts';
import type { QueuedRequest } from './queued-request.ts';

/*
 * What is going on in the queues, as tables for people: `/debug/api_priority_and_fairness/…`. Upstream:
 * apiserver/pkg/util/flowcontrol/apf_controller_debug.go.
 */

const PREFIX = '/debug/api_priority_and_fairness/';

/** The text at a path; undefined when the path is none of these. */
export function dumpText(control: PriorityAndFairness, path: string, query: URLSearchParams | undefined): string | undefined {
  switch (path) {
    case `${PREFIX}dump_priority_levels`:
      return dumpLevels(control);
    case `${PREFIX}dump_queues`:
      return dumpQueues(control);
    case `${PREFIX}dump_requests`:
      return dumpRequests(control, (query?.get('includeRequestDetails') ?? '') !== '');
    default:
      return undefined;
  }
}

type Row = readonly (string | number | boolean)[];

const LEVEL_COLUMNS: Row = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
];

function dumpLevels({ configuration }: PriorityAndFairness): string {
  const rows = [...configuration.levels()].map(({ name, queues, quiescing }): Row => {
    const active = queues.queues().filter(({ waiting }) => waiting.size > 0).length;
    const { isIdle, waiting, executing, dispatched, rejected, cancelled } = queues;
    return [name, active, isIdle, quiescing, waiting, executing, dispatched, rejected, 0, cancelled];
  });
  return table([LEVEL_COLUMNS, ...rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))]);
}

const QUEUE_COLUMNS: Row = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
];

/** Queues with nothing in them are not kept, and not shown. */
function dumpQueues({ configuration }: PriorityAndFairness): string {
  const rows = [...configuration.levels()].flatMap(({ name, queues }) =>
    queues.queues().map(({ index, waiting, executing, seatsInUse, nextR, waitingWork }): Row => {
      const initial = sum([...waiting].map(({ estimate }) => estimate.initialSeats));
      const most = sum([...waiting].map(({ seats }) => seats));
      return [name, index, waiting.size, executing, seatsInUse, seatSeconds(nextR), initial, most, seatSeconds(waitingWork)];
    }),
  );
  return table([QUEUE_COLUMNS, ...rows]);
}

const REQUEST_COLUMNS: Row = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher', // sic
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
];
const DETAIL_COLUMNS: Row = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];

function dumpRequests({ configuration, clock }: PriorityAndFairness, withDetails: boolean): string {
  const toTime = (ms: number) => (ms === 0 ? NO_TIME : new Date(clock.now() - clock.monotonic() + ms).toISOString());
  const rowOf = (level: string, at: number, request: QueuedRequest): Row => {
    const { stats, flow, queue, estimate, arrivalMs, startMs, subject } = request;
    const { initialSeats, finalSeats, additionalLatencyMs } = estimate;
    return [
      ...[level, stats.schema, queue?.index ?? -1, at, flow.distinguisher, toTime(arrivalMs)],
      ...[initialSeats, finalSeats, formatDuration(BigInt(Math.round(additionalLatencyMs * 1e6))), toTime(startMs)],
      ...(withDetails && subject instanceof Exchange ? detailsOf(subject) : []),
    ];
  };
  const rows = [...configuration.levels()].flatMap(({ name, queues }) => [
    ...queues.queues().flatMap(({ waiting }) => [...waiting].map((request, i) => rowOf(name, i, request))),
    ...queues.executingRequests().map((request) => rowOf(name, -1, request)),
  ]);
  return table([withDetails ? [...REQUEST_COLUMNS, ...DETAIL_COLUMNS] : REQUEST_COLUMNS, ...rows]);
}

const detailsOf = ({ user, info }: Exchange): Row => {
  const { verb, path, namespace, name, group, version, resource, subresource } = info;
  return [user.name, verb, path, namespace, name, group === '' ? version : `${group}/${version}`, resource, subresource];
};

const NO_TIME = '0001-01-01T00:00:00Z';
const CELL_WIDTH_MIN = 8;

const seatSeconds = (work: number): string => `${work.toFixed(8)}ss`;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Cells end with a comma and are as wide as the widest of their column; the last is as it is. Upstream: Go's text/tabwriter. */
function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))));
  const widths: number[] = [];
  for (const row of cells) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? CELL_WIDTH_MIN, cell.length + 1);
    });
  }
  const lines = cells.map((row) => row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join(''));
  return `${lines.join('\n')}\n`;
}
