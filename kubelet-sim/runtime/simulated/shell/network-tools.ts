import { normalizePath } from '../files/tree.ts';
import { parseResponse, requestText, responseText, takeRequest } from '../network/http-text.ts';
import { BadAnswer, type ByteStream, ConnectError, type Listener, type ServedRequest } from '../network/listener.ts';
import { readOptions } from './command-options.ts';
import { ByteInput, type Input, type Output, Pipe, stdinOf, withInput, withOutput } from './io.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

/** How long `nc` tries to connect when it is not told. */
const CONNECT_MS = 130_000;
const EXIT_USAGE = 1;

async function* pieces(input: Input): AsyncGenerator<string> {
  for (let piece = await input.read(); piece !== undefined; piece = await input.read()) yield piece;
}

const NC_VALUES: ReadonlySet<string> = new Set(['p', 'w', 'e', 's', 'i']);

/** `nc HOST PORT`, `nc -z HOST PORT`, `nc -l -p PORT [-e PROGRAM]`, with `-k` again and again. */
const nc: CommandFunction = async (context) => {
  const { values, operands } = readOptions(splitAtProgram(context.args), NC_VALUES);
  if (values.has('l'))
    return await listen(context, Number(values.get('p') ?? operands.at(-1)), { again: values.has('k'), program: values.get('e') });
  return await connect(context, operands, values);
};

async function connect(context: CommandContext, operands: readonly string[], values: ReadonlyMap<string, string>): Promise<number> {
  const [host = '', port = ''] = operands;
  const isVerbose = values.has('v');
  try {
    const dialled = await context.host.process.network.dial(host, Number(port));
    if (isVerbose) await context.stderr.write(`${host} (${dialled.address}:${port}) open\n`);
    if (values.has('z')) return 0;
    const output = (text: string) => {
      const written = context.stdout.write(text);
      if (written instanceof Promise) written.catch(() => undefined); // its reader has gone; the connection ends with its input
    };
    await dialled.stream({ input: pieces(stdinOf(context.fds)), output, signal: context.host.signal });
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    if (error.failure === 'timeout') await context.host.sleep(Number(values.get('w') ?? 0) * 1000 || CONNECT_MS);
    const isSilent = values.has('z') && !isVerbose;
    return isSilent ? 1 : await complain(context, `nc: ${ncComplaint(error, host, port)}`);
  }
}

const NC_COMPLAINTS = { refused: 'Connection refused', timeout: 'Connection timed out', unreachable: 'No route to host' } as const;

const ncComplaint = ({ failure, address }: ConnectError, host: string, port: string): string =>
  failure === 'unknown-host' ? `bad address '${host}'` : `${host} (${address}:${port}): ${NC_COMPLAINTS[failure]}`;

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
  if (!Number.isInteger(port) || port <= 0) return await complain(context, 'nc: bad local port', EXIT_USAGE);
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
function rawListener(serve: (stream: ByteStream) => Promise<void>): Pick<Listener, 'http' | 'stream'> {
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

const HTTPD_VALUES: ReadonlySet<string> = new Set(['p', 'h', 'c', 'u', 'r']);

/** busybox's `httpd [-f] [-p PORT] [-h HOME]`: files of a directory. */
const httpd: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, HTTPD_VALUES);
  const port = Number(/(\d+)$/.exec(values.get('p') ?? '80')?.[1]);
  const home = normalizePath(values.get('h') ?? '.', context.state.cwd);
  return await serveHttp(context, port, async ({ path }) => {
    const files = await context.host.files();
    const asked = normalizePath(`${home}/${decodeURIComponent(path.replace(/[?#].*$/, ''))}`);
    const stat = await files.stat(asked).catch(() => undefined);
    const content = await files.readFile(stat?.type === 'directory' ? `${asked}/index.html` : asked).catch(() => undefined);
    if (content) return { status: 200, headers: { 'content-type': 'text/html' }, body: content.toString('latin1') };
    const page =
      '<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n</BODY></HTML>\n';
    return { status: 404, headers: { 'content-type': 'text/html' }, body: page };
  });
};

/** Serves HTTP until the process ends. */
async function serveHttp(context: CommandContext, port: number, http: Listener['http']): Promise<number> {
  const { host } = context;
  const stream = async ({ input, output, from, signal }: ByteStream) => {
    let text = '';
    for await (const piece of input) {
      text += piece;
      const taken = takeRequest(text);
      if (!taken) continue;
      text = taken.rest;
      const request: ServedRequest = { ...taken.request, from, host: taken.request.headers.host ?? '', signal };
      output(responseText(await http(request), { keepAlive: taken.request.keepAlive, isHead: request.method === 'HEAD' }));
      if (!taken.request.keepAlive) return;
    }
  };
  const socket = host.process.listen(port, { http, stream });
  if (!socket) return await complain(context, 'httpd: bind: Address already in use', 1);
  try {
    return await host.serve();
  } finally {
    socket.close();
  }
}

const nslookup: CommandFunction = async (context) => {
  const [name = ''] = context.args.filter((arg) => !arg.startsWith('-'));
  const { network } = context.host.process;
  const server = network.dns.servers[0] ?? '';
  await context.stdout.write(`Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
  try {
    const { name: found, addresses } = await network.resolve(name);
    await context.stdout.write(`${addresses.map((address) => `Name:\t${found}\nAddress: ${address}\n`).join('')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    await context.stdout.write(`** server can't find ${name}: NXDOMAIN\n\n`);
    return 1;
  }
};

/** `getent hosts NAME` */
const getent: CommandFunction = async ({ args: [database, name = ''], host, stdout }) => {
  if (database !== 'hosts' && database !== 'ahosts') return 1;
  const found = await host.process.network.resolve(name).catch(() => undefined);
  for (const address of found?.addresses ?? []) await stdout.write(`${address.padEnd(15)} ${found?.name}\n`);
  return found ? 0 : 2;
};

const dig: CommandFunction = async (context) => {
  const names = context.args.filter((arg) => !/^[@+-]/.test(arg) && !/^(?:A|IN|ANY)$/i.test(arg));
  const short = context.args.includes('+short');
  const found = await context.host.process.network
    .resolve(`${names[0] ?? ''}${context.args.includes('+search') ? '' : '.'}`)
    .catch(() => undefined);
  for (const address of found?.addresses ?? [])
    await context.stdout.write(short ? `${address}\n` : `${found?.name}.\t30\tIN\tA\t${address}\n`);
  return 0;
};

const PING_VALUES: ReadonlySet<string> = new Set(['c', 'W', 'w', 'i', 's']);

const ping: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, PING_VALUES);
  const [name = ''] = operands;
  const { network } = context.host.process;
  const address = (await network.resolve(name).catch(() => undefined))?.addresses[0];
  if (address === undefined) return await complain(context, `ping: bad address '${name}'`);
  const count = Number(values.get('c') ?? Number.POSITIVE_INFINITY);
  await context.stdout.write(`PING ${name} (${address}): 56 data bytes\n`);
  const answers = network.answersPing(address);
  for (let i = 0; i < count; i++) {
    if (answers) await context.stdout.write(`64 bytes from ${address}: seq=${i} ttl=64 time=0.100 ms\n`);
    if (i + 1 < count || !answers) await context.host.sleep(1000);
  }
  const received = answers ? count : 0;
  await context.stdout.write(
    `\n--- ${name} ping statistics ---\n${count} packets transmitted, ${received} packets received, ${answers ? 0 : 100}% packet loss\n`,
  );
  return answers ? 0 : 1;
};

/** `ip addr`, `ifconfig`: the one address of the pod. */
const addresses: CommandFunction = async ({ host, stdout }) => {
  const { ip } = host.process;
  await stdout.write(
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n` +
      `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    inet ${ip}/24 brd ${ip.replace(/\d+$/, '255')} scope global eth0\n`,
  );
  return 0;
};

export const NETWORK_TOOLS: readonly [string, CommandFunction][] = [
  ['nc', nc],
  ['netcat', nc],
  ['httpd', httpd],
  ['nslookup', nslookup],
  ['getent', getent],
  ['dig', dig],
  ['ping', ping],
  ['ip', addresses],
  ['ifconfig', addresses],
];
