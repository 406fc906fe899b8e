import { hostPort } from '../../host-port.ts';
import { FileError, normalizePath } from '../files/tree.ts';
import { parseResponse, requestText } from '../network/http-text.ts';
import { BadAnswer, type ByteStream, ConnectError, isNameFailure, type Listener } from '../network/listener.ts';
import { readOptions } from './command-options.ts';
import { ByteInput, type Input, type Output, Pipe, stdinOf, withInput, withOutput } from './io.ts';
import { patiently } from './resolving.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

/** How long `nc` tries to connect when it is not told. */
const CONNECT_MS = 130_000;
const EXIT_USAGE = 1;

/** What comes in, piece by piece. */
export async function* pieces(input: Input): AsyncGenerator<string> {
  for (let piece = await input.read(); piece !== undefined; piece = await input.read()) yield piece;
}

const NC_VALUES: ReadonlySet<string> = new Set(['p', 'w', 'e', 's', 'i', 'q']);

/** A call of `nc`: whom it is for, and how. */
interface Client {
  readonly host: string;
  readonly port: number;
  readonly isVerbose: boolean;
  /** `-z`: only whether somebody is there. */
  readonly onlyAsks: boolean;
  /** How long it waits for a connection, or for more to come. */
  readonly waitMs: number;
}

/** `nc [-u] HOST PORT`, `nc -z HOST PORT`, `nc -l -p PORT [-u] [-e PROGRAM]`, with `-k` again and again. */
const nc: CommandFunction = async (context) => {
  const { values, operands } = readOptions(splitAtProgram(context.args), NC_VALUES);
  if (values.has('l') && values.has('U')) return await listenLocally(context, operands[0] ?? '');
  if (values.has('l')) {
    const port = Number(values.get('p') ?? operands.at(-1));
    if (!Number.isInteger(port) || port <= 0) return await complain(context, 'nc: bad local port', EXIT_USAGE);
    if (values.has('u')) return await listenForDatagrams(context, port);
    return await listen(context, port, { again: values.has('k'), program: values.get('e') });
  }
  const client: Client = {
    host: operands[0] ?? '',
    port: Number(operands[1]),
    isVerbose: values.has('v'),
    onlyAsks: values.has('z'),
    waitMs: Number(values.get('w') ?? 0) * 1000,
  };
  return await (values.has('u') ? sendDatagrams(context, client) : connect(context, client));
};

/** `nc -lU PATH`: a socket in the file system, to which nobody connects here. */
async function listenLocally(context: CommandContext, name: string): Promise<number> {
  try {
    await (await context.host.files()).mknod(normalizePath(name, context.state.cwd), 'socket');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `nc: bind: ${error.code === 'EEXIST' ? 'Address already in use' : error.reason}`);
  }
  return await context.host.serve();
}

async function connect(context: CommandContext, { host, port, isVerbose, onlyAsks, waitMs }: Client): Promise<number> {
  try {
    const dialled = await patiently(context.host, context.host.process.network.dial(host, port));
    if (isVerbose) await context.stderr.write(`${host} (${hostPort(dialled.address, port)}) open\n`);
    if (onlyAsks) return 0;
    const output = (text: string) => {
      const written = context.stdout.write(text);
      if (written instanceof Promise) written.catch(() => undefined); // its reader has gone; the connection ends with its input
    };
    await dialled.stream({ input: pieces(stdinOf(context.fds)), output, signal: context.host.signal });
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    if (error.failure === 'timeout') await context.host.sleep(waitMs || CONNECT_MS);
    const isSilent = onlyAsks && !isVerbose;
    return isSilent ? 1 : await complain(context, `nc: ${ncComplaint(error, host, port)}`);
  }
}

/**
 * What is typed goes out in datagrams, what comes back is shown. It does not learn whether anybody got them, unless the other end says that
 * nobody is there; it waits for an answer as long as `-w` says.
 */
async function sendDatagrams(context: CommandContext, client: Client): Promise<number> {
  try {
    await (client.onlyAsks ? knock(context, client) : converse(context, client));
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const isSilent = client.onlyAsks && !client.isVerbose;
    return isSilent ? 1 : await complain(context, `nc: ${ncComplaint(error, client.host, client.port)}`);
  }
}

async function knock(context: CommandContext, client: Client): Promise<void> {
  await context.host.process.network.send(client.host, client.port, 'X');
  await tellOpen(context, client);
}

async function converse(context: CommandContext, client: Client): Promise<void> {
  let isFirst = true;
  for await (const piece of pieces(stdinOf(context.fds))) {
    const answer = await context.host.process.network.send(client.host, client.port, piece);
    if (isFirst) await tellOpen(context, client);
    isFirst = false;
    if (answer !== undefined) await context.stdout.write(answer);
  }
  await context.host.sleep(client.waitMs || Number.POSITIVE_INFINITY);
}

async function tellOpen({ stderr }: CommandContext, { host, port, isVerbose }: Client): Promise<void> {
  if (isVerbose) await stderr.write(`Connection to ${host} ${port} port [udp/*] succeeded!\n`);
}

const NC_COMPLAINTS = { refused: 'Connection refused', timeout: 'Connection timed out', unreachable: 'No route to host' } as const;

const ncComplaint = ({ failure, address }: ConnectError, host: string, port: number): string =>
  isNameFailure(failure) ? `bad address '${host}'` : `${host} (${hostPort(address, port)}): ${NC_COMPLAINTS[failure]}`;

/** What follows `-e` is a command line. */
function splitAtProgram(args: readonly string[]): string[] {
  const at = args.indexOf('-e');
  return at < 0 ? [...args] : [...args.slice(0, at), '-e', args.slice(at + 1).join(' ')];
}

/** Listens on a port: one connection, or one after the other. */
async function listen(
  context: CommandContext,
  port: number,
  { again, program }: { readonly again: boolean; readonly program: string | undefined },
): Promise<number> {
  const { host } = context;
  return await new Promise<number>((resolve, reject) => {
    const socket = host.process.listen(
      port,
      rawListener(async (stream) => {
        if (!again) socket?.close();
        await talk(context, stream, program);
        if (!again) resolve(0);
      }),
    );
    if (!socket) resolve(complain(context, 'nc: bind: Address already in use', 1));
    host.signal.addEventListener(
      'abort',
      () => {
        socket?.close();
        reject(host.signal.reason);
      },
      { once: true },
    );
  });
}

/** Shows what datagrams say, until it is ended. */
async function listenForDatagrams(context: CommandContext, port: number): Promise<number> {
  const { host, stdout } = context;
  const socket = host.process.listenForDatagrams(port, async ({ payload }) => {
    await stdout.write(payload);
    return undefined;
  });
  if (!socket) return await complain(context, 'nc: bind: Address already in use', 1);
  try {
    return await host.serve();
  } finally {
    socket.close();
  }
}

/** One connection: between it and a program, or our own input and output. */
async function talk(context: CommandContext, stream: ByteStream, program: string | undefined): Promise<void> {
  const out: Output = { write: (text) => stream.output(text) };
  if (program !== undefined) {
    const fds = withOutput(withInput(context.fds, 0, ByteInput.from(stream.input)), 1, out);
    await context.run(['sh', '-c', program], { fds });
    return;
  }
  const receive = async () => {
    for await (const piece of stream.input) await context.stdout.write(piece);
  };
  const received = receive();
  for await (const piece of pieces(stdinOf(context.fds))) stream.output(piece);
  // Who sends a request waits for our answer, and we for no more than its head.
  await Promise.race([received, new Promise((resolve) => setImmediate(resolve))]);
}

/** A listener of bytes, of whom HTTP clients ask too. */
export function rawListener(serve: (stream: ByteStream) => Promise<void>): Listener {
  return {
    stream: serve,
    http: async (request) => {
      const pipe = new Pipe();
      let text = '';
      const signal = request.signal ?? new AbortController().signal;
      const served = serve({ from: request.from, input: pieces(pipe.input), signal, output: (piece) => (text += piece) });
      await pipe.write(requestText(request));
      pipe.closeWriter();
      await served;
      const answer = parseResponse(text);
      if (!answer) throw new BadAnswer(text === '' ? 'EOF' : `malformed HTTP response "${text.split('\n')[0]}"`);
      return answer;
    },
  };
}

export const NC_TOOLS: readonly [string, CommandFunction][] = [
  ['nc', nc],
  ['netcat', nc],
];
