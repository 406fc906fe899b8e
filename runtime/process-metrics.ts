import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What the metrics of a process are made by. */
interface Maker {
  gauge(spec: { readonly name: string; readonly help: string }): { set(value: number): void };
  counter(spec: { readonly name: string; readonly help: string }): { inc(labels?: Readonly<Record<string, string>>, by?: number): void };
  onRead(fn: () => void): void;
}

/** Where Linux, and nobody else, tells of a process. */
const OPEN_FILES = '/proc/self/fd';
const LIMITS = '/proc/self/limits';
const STATUS = '/proc/self/status';
const NETWORK = '/proc/self/net/netstat';

/** Told where a limit is none, as Go's largest number. */
const UNLIMITED = 2 ** 64;

/** The metrics every process has, by Prometheus' conventional names. Upstream: client_golang, `prometheus/process_collector.go`. */
export function addProcessMetrics(metrics: Maker): void {
  const cpu = growing(metrics, 'process_cpu_seconds_total', 'Processor time used, in seconds.');
  const memory = metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory, in bytes.' });
  const heap = metrics.gauge({ name: 'nodejs_heap_used_bytes', help: 'JavaScript heap in use, in bytes.' });
  const start = metrics.gauge({ name: 'process_start_time_seconds', help: 'Start of the process, in seconds since the epoch.' });
  const readMore = existsSync(OPEN_FILES) ? linuxMetrics(metrics) : undefined;
  metrics.onRead(() => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    cpu((user + system) / 1e6);
    memory.set(rss);
    heap.set(heapUsed);
    start.set(performance.timeOrigin / 1000);
    readMore?.();
  });
}

function linuxMetrics(metrics: Maker): () => void {
  const files = metrics.gauge({ name: 'process_open_fds', help: 'Open files and connections.' });
  const filesMax = metrics.gauge({ name: 'process_max_fds', help: 'How many files and connections may be open.' });
  const virtual = metrics.gauge({ name: 'process_virtual_memory_bytes', help: 'Virtual memory, in bytes.' });
  const virtualMax = metrics.gauge({ name: 'process_virtual_memory_max_bytes', help: 'How much virtual memory there may be, in bytes.' });
  const received = growing(metrics, 'process_network_receive_bytes_total', 'Bytes that came over the network.');
  const sent = growing(metrics, 'process_network_transmit_bytes_total', 'Bytes that went over the network.');
  return () => {
    files.set(readdirSync(OPEN_FILES).length);
    const limits = readFileSync(LIMITS, 'utf8');
    filesMax.set(limitOf(limits, 'Max open files'));
    virtualMax.set(limitOf(limits, 'Max address space'));
    virtual.set(Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync(STATUS, 'utf8'))?.[1] ?? 0) * 1024);
    const octets = existsSync(NETWORK) ? octetsOf(readFileSync(NETWORK, 'utf8')) : undefined;
    received(octets?.received ?? 0);
    sent(octets?.sent ?? 0);
  };
}

/** Brings a counter to a total that only grows. */
function growing(metrics: Maker, name: string, help: string): (total: number) => void {
  const counter = metrics.counter({ name, help });
  let told = 0;
  return (total) => {
    counter.inc({}, Math.max(0, total - told));
    told = Math.max(told, total);
  };
}

function limitOf(limits: string, what: string): number {
  const found = limits.split('\n').find((line) => line.startsWith(what));
  const soft = found?.slice(what.length).trim().split(/\s+/)[0];
  return soft === undefined || soft === 'unlimited' ? UNLIMITED : Number(soft);
}

/** The two lines of `IpExt`: names, and values under them. */
function octetsOf(text: string): { received: number; sent: number } {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '));
  const of = (name: string) => Number(values[names.indexOf(name)] ?? 0);
  return { received: of('InOctets'), sent: of('OutOctets') };
}
