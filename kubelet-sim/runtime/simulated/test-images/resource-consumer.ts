// What the tests of autoscaling ask for load: `resource-consumer`, and agnhost's `resource-consumer-controller`, which spreads what it is
// asked for over consumers (upstream `test/images/resource-consumer`, `test/images/agnhost/resource-consumer-controller`).

import type { HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';
import { commandLineOption } from '../command-line.ts';
import type { ServedRequest } from '../network/listener.ts';
import type { ProcessContext, Program } from '../program.ts';
import { RequestedLoad } from '../requested-load.ts';
import { type Answer, httpServer, text } from './path-server.ts';

const PORT = 8080;
const MEGABYTE = 1024 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** A request that is refused; the message is what its sender is told. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** What a request asks for: its form, then its query. */
function formOf({ path, headers, body = '' }: ServedRequest): URLSearchParams {
  const { searchParams } = new URL(path, 'http://server');
  return headers['content-type']?.startsWith(FORM) ? new URLSearchParams([...new URLSearchParams(body), ...searchParams]) : searchParams;
}

/** @throws BadRequest */
function given(form: URLSearchParams, ...names: readonly string[]): readonly string[] {
  const values = names.map((name) => form.get(name) ?? '');
  if (values.includes('')) throw new BadRequest('not given function argument');
  return values;
}

/** @throws BadRequest */
function numbers(texts: readonly string[], pattern = /^[+-]?\d+$/): readonly number[] {
  if (!texts.every((value) => pattern.test(value))) throw new BadRequest('incorrect function argument');
  return texts.map(Number);
}

const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Refuses what is not posted, and answers what is wrong with a request. */
const posted =
  (answer: (form: URLSearchParams, context: ProcessContext) => Promise<string> | string): Answer =>
  async (request, context): Promise<HttpResponse> => {
    if (request.method !== 'POST') return text(400, 'Bad request. Not a POST request\n');
    try {
      return text(200, await answer(formOf(request), context));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      return text(400, `${error.message}\n`);
    }
  };

const unknownFunction: Answer = ({ method }) =>
  Promise.resolve(method === 'POST' ? text(404, 'unknown function\n') : text(400, 'Bad request. Not a POST request\n'));

function log(context: ProcessContext, line: string): void {
  const stamp = new Date(context.clock.now()).toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/');
  context.output('stderr', `${stamp} ${line}\n`);
}

/** Uses what it is asked to, and shows the metrics that it is told to raise. */
export const resourceConsumer = (argv: readonly string[]): Program => ({
  start(context) {
    const consumer = new Consumer(context);
    return httpServer({
      argv,
      port: PORT,
      paths: {
        '/ConsumeCPU': posted((form) => consumer.processors(form)),
        '/ConsumeMem': posted((form) => consumer.memory(form)),
        '/BumpMetric': posted((form) => consumer.bump(form)),
        '/GetCurrentStatus': posted(() => 'Warning: not implemented!\nGetCurrentStatus'),
        '/Metrics': () => Promise.resolve(text(200, consumer.metrics())),
      },
      otherwise: unknownFunction,
    }).start(context);
  },
});

interface Bump {
  readonly metric: string;
  readonly delta: number;
  readonly until: number;
}

class Consumer {
  readonly #context: ProcessContext;
  readonly #cpu: RequestedLoad;
  readonly #memory: RequestedLoad;
  readonly #metrics = new Map<string, number>();
  #bumps: readonly Bump[] = [];

  constructor(context: ProcessContext) {
    this.#context = context;
    this.#cpu = new RequestedLoad(context.image.cpuMillis);
    this.#memory = new RequestedLoad(context.image.memoryBytes);
  }

  processors(form: URLSearchParams): string {
    const [durationSec = 0, millicores = 0] = numbers(given(form, 'durationSec', 'millicores'));
    log(this.#context, `ConsumeCPU millicores: ${millicores}, durationSec: ${durationSec}`);
    const limit = this.#context.usage().resources.cpuLimitMillis || Number.POSITIVE_INFINITY;
    this.#cpu.add(millicores, { ...this.#lasting(durationSec), limit });
    this.#use();
    return `ConsumeCPU\n${millicores} millicores\n${durationSec} durationSec\n`;
  }

  memory(form: URLSearchParams): string {
    const [durationSec = 0, megabytes = 0] = numbers(given(form, 'durationSec', 'megabytes'));
    log(this.#context, `ConsumeMem megabytes: ${megabytes}, durationSec: ${durationSec}`);
    this.#memory.add(megabytes * MEGABYTE, { ...this.#lasting(durationSec), limit: Number.POSITIVE_INFINITY });
    this.#use();
    return `ConsumeMem\n${megabytes} megabytes\n${durationSec} durationSec\n`;
  }

  #lasting(seconds: number) {
    const { clock, startedAt } = this.#context;
    return { nowMs: clock.now() - startedAt, forMs: seconds * 1000 };
  }

  #use(): void {
    this.#context.use({ cpuMillis: this.#cpu.curve(), memoryBytes: this.#memory.curve() });
  }

  bump(form: URLSearchParams): string {
    const [metric = '', ...rest] = given(form, 'metric', 'delta', 'durationSec');
    const [delta = 0] = numbers(rest.slice(0, 1), FLOAT);
    const [durationSec = 0] = numbers(rest.slice(1));
    this.#settle();
    this.#metrics.set(metric, (this.#metrics.get(metric) ?? 0) + delta);
    this.#bumps = [...this.#bumps, { metric, delta, until: this.#context.clock.now() + durationSec * 1000 }];
    return `BumpMetric\n${metric} metric\n${delta} delta\n${durationSec} durationSec\n`;
  }

  /** Takes back what was raised for a time that is over. */
  #settle(): void {
    const now = this.#context.clock.now();
    for (const { metric, delta, until } of this.#bumps)
      if (until <= now) this.#metrics.set(metric, (this.#metrics.get(metric) ?? 0) - delta);
    this.#bumps = this.#bumps.filter(({ until }) => until > now);
  }

  metrics(): string {
    this.#settle();
    const shown = [...this.#metrics].map(
      ([name, value]) => `# HELP ${name} info message.\n# TYPE ${name} gauge\n${name} ${value.toFixed(6)}\n`,
    );
    return shown.join('');
  }
}

/** One kind of request that is spread. */
interface Spread {
  readonly path: string;
  /** What is spread, in requests of this size. */
  readonly amount: string;
  readonly size: string;
  /** What a request beside takes over. */
  readonly also: readonly string[];
  readonly plan: (count: number, size: number, rest: number) => string;
  readonly done: (amount: number, form: URLSearchParams) => string;
}

const SPREADS: readonly Spread[] = [
  {
    path: '/ConsumeCPU',
    amount: 'millicores',
    size: 'requestSizeMillicores',
    also: [],
    plan: (count, size, rest) => `sending ${count} requests to consume ${size} millicores each and 1 request to consume ${rest} millicores`,
    done: (amount) => `Consumed ${amount} millicores`,
  },
  {
    path: '/ConsumeMem',
    amount: 'megabytes',
    size: 'requestSizeMegabytes',
    also: [],
    plan: (count, size, rest) => `sending ${count} requests to consume ${size} MB each and 1 request to consume ${rest} MB`,
    done: (amount) => `Consumed ${amount} megabytes`,
  },
  {
    path: '/BumpMetric',
    amount: 'delta',
    size: 'requestSizeMetrics',
    also: ['metric'],
    plan: (count, size, rest) => `sending ${count} requests to bump custom metric by ${size} each and 1 request to bump by ${rest}`,
    done: (amount, form) => `Bumped metric ${form.get('metric')} by ${amount}`,
  },
];

/** Spreads what it is asked for over the consumers behind a Service. */
export const resourceConsumerController = (argv: readonly string[]): Program =>
  httpServer({
    argv,
    port: PORT,
    paths: Object.fromEntries(
      SPREADS.map((spread) => [spread.path, posted((form, context) => spreadOut(spread, { argv, form, context }))] as const),
    ),
    otherwise: unknownFunction,
  });

interface Task {
  readonly argv: readonly string[];
  readonly form: URLSearchParams;
  readonly context: ProcessContext;
}

async function spreadOut(spread: Spread, task: Task): Promise<string> {
  const { form } = task;
  given(form, ...spread.also);
  const [amount = 0, size = 0, durationSec = 0] = numbers(given(form, spread.amount, spread.size, 'durationSec'));
  if (size <= 0) throw new BadRequest('incorrect function argument');
  const count = Math.max(0, Math.trunc(amount / size));
  const rest = amount - Math.trunc(amount / size) * size;
  const asked = [...Array.from({ length: count }, () => size), ...(rest > 0 ? [rest] : [])];
  const lines = await Promise.all(asked.map((part) => sendOne(spread, { ...task, part, durationSec })));
  return [`RC manager: ${spread.plan(count, size, rest)}`, ...lines].map((line) => `${line}\n`).join('');
}

interface OneRequest extends Task {
  readonly part: number;
  readonly durationSec: number;
}

async function sendOne(spread: Spread, { argv, form, context, part, durationSec }: OneRequest): Promise<string> {
  const port = Number(commandLineOption(argv, 'consumer-port') || PORT);
  const host = await consumersHost(argv, context);
  const also = spread.also.map((name) => [name, form.get(name) ?? ''] as [string, string]);
  const body = new URLSearchParams([[spread.amount, String(part)], ['durationSec', String(durationSec)], ...also]).toString();
  try {
    const dialled = await context.network.dial(host, port);
    const headers = { host: hostPort(host, port), 'content-type': FORM, 'content-length': String(body.length) };
    await dialled.http({ method: 'POST', path: spread.path, headers, body }, host);
    return spread.done(part, form);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `Failed to connect to consumer: Post "http://${hostPort(host, port)}${spread.path}": ${reason}`;
  }
}

/** The whole name of the consumers' Service, in the domain that the resolver's configuration names. */
async function consumersHost(argv: readonly string[], context: ProcessContext): Promise<string> {
  const files = await context.files();
  const resolver = (await files.readFile('/etc/resolv.conf')).toString();
  const domain = /\ssvc\.(\S+)/.exec(/^search\s.*$/m.exec(resolver)?.[0] ?? '')?.[1] ?? 'cluster.local';
  const service = commandLineOption(argv, 'consumer-service-name') || 'resource-consumer';
  return `${service}.${commandLineOption(argv, 'consumer-service-namespace') || 'default'}.svc.${domain}`;
}
