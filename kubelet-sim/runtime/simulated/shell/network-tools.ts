import { normalizePath } from '../files/tree.ts';
import { serveHttpStream } from '../network/http-stream.ts';
import { ConnectError, type Listener } from '../network/listener.ts';
import { readOptions } from './command-options.ts';
import { NETSTAT } from './netstat.ts';
import { patiently } from './resolving.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

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
  const socket = host.process.listen(port, { http, stream: (connection) => serveHttpStream(http, connection) });
  if (!socket) return await complain(context, 'httpd: bind: Address already in use', 1);
  try {
    return await host.serve();
  } finally {
    socket.close();
  }
}

const PING_VALUES: ReadonlySet<string> = new Set(['c', 'W', 'w', 'i', 's']);

/** @throws what is not about the name */
const unnamed = (error: unknown): undefined => {
  if (!(error instanceof ConnectError)) throw error;
};

const ping: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, PING_VALUES);
  const [name = ''] = operands;
  const { network } = context.host.process;
  const address = (await patiently(context.host, network.resolve(name)).catch(unnamed))?.addresses[0];
  if (address === undefined) return await complain(context, `ping: bad address '${name}'`);
  const count = Number(values.get('c') ?? Number.POSITIVE_INFINITY);
  await context.stdout.write(`PING ${name} (${address}): 56 data bytes\n`);
  const answers = await network.answersPing(address);
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

/** What changes the network: of these only the kernel's answer shows. */
const CHANGES: ReadonlySet<string> = new Set(['add', 'change', 'del', 'delete', 'replace', 'set', 'up', 'down']);

/** `ip addr`, `ifconfig`: the pod's addresses. What would change it takes a capability. */
const addresses: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  if (args.some((arg) => CHANGES.has(arg)))
    return host.process.can('NET_ADMIN') ? 0 : await complain(context, 'ip: RTNETLINK answers: Operation not permitted', 2);
  const { ip, secondIp } = host.process;
  const shown = secondIp === undefined ? [ip] : [ip, secondIp];
  await stdout.write(
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n` +
      `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n${shown.map((each) => `    ${interfaceAddress(each)}\n`).join('')}`,
  );
  return 0;
};

const interfaceAddress = (ip: string): string =>
  ip.includes(':') ? `inet6 ${ip}/64 scope global` : `inet ${ip}/24 brd ${ip.replace(/\d+$/, '255')} scope global eth0`;

export const NETWORK_TOOLS: readonly [string, CommandFunction][] = [
  ['httpd', httpd],
  ['ping', ping],
  ['ip', addresses],
  ['ifconfig', addresses],
  NETSTAT,
];
