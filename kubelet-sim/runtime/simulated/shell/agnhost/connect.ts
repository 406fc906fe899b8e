import { ConnectError, isNameFailure } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import { patiently } from '../resolving.ts';
import { type CommandContext, type CommandFunction, complain } from '../shell-context.ts';
import { goDuration } from './go-program.ts';

const VALUES: ReadonlySet<string> = new Set(['timeout', 'protocol', 'udp-data', 'sctp-data']);
/** How long the kernel tries a connection. */
const CONNECT_MS = 130_000;

/** What is dialled, and how. */
interface Wish {
  readonly host: string;
  readonly port: number;
  /** 0 for as long as it takes. */
  readonly timeoutMs: number;
  readonly data: string;
}

/**
 * `agnhost connect HOST:PORT`: whether somebody answers there, with a first word on standard error that says why not (upstream
 * `test/images/agnhost/connect/connect.go`).
 */
export const connect: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, VALUES);
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(operands[0] ?? '') ?? [];
  if (port === '') return await complain(context, `UNKNOWN: address ${operands[0] ?? ''}: missing port in address`);
  const protocol = values.get('protocol') ?? 'tcp';
  const data = values.get(`${protocol}-data`) ?? 'hostname';
  const wish: Wish = { host, port: Number(port), timeoutMs: goDuration(values.get('timeout') ?? '') ?? 0, data: `${data}\n` };
  const attempt = { '': connectTcp, tcp: connectTcp, udp: connectUdp, sctp: connectSctp }[protocol];
  if (!attempt) return await complain(context, 'Unsupported protocol');
  try {
    return await patiently(context.host, attempt(context, wish));
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return await failed(context, error, wish);
  }
};

async function failed(context: CommandContext, { failure, message }: ConnectError, { timeoutMs }: Wish): Promise<number> {
  if (isNameFailure(failure)) return await complain(context, `DNS: ${message.replace('dial tcp: ', '')}`);
  if (failure === 'refused') return await complain(context, 'REFUSED');
  if (failure === 'unreachable') return await complain(context, `OTHER: ${message}`);
  await context.host.sleep(timeoutMs || CONNECT_MS);
  return await complain(context, 'TIMEOUT');
}

async function connectTcp({ host: { process } }: CommandContext, { host, port }: Wish): Promise<number> {
  await process.network.dial(host, port);
  return 0;
}

async function connectUdp(context: CommandContext, { host, port, timeoutMs, data }: Wish): Promise<number> {
  const answer = await context.host.process.network.send(host, port, data);
  if (answer === undefined) {
    await context.host.sleep(timeoutMs || Number.POSITIVE_INFINITY);
    return await complain(context, 'TIMEOUT: i/o timeout');
  }
  if (answer !== '') return 0;
  return await complain(context, 'OTHER: No data received from the server. Cannot guarantee the server received the request.');
}

async function connectSctp({ host: shell }: CommandContext, { host, port, data }: Wish): Promise<number> {
  const dialled = await shell.process.network.dial(host, port, 'SCTP');
  const input = (async function* () {
    yield await Promise.resolve(data);
  })();
  await dialled.stream({ input, output: () => undefined, signal: shell.signal });
  return 0;
}
