import { parseIp } from '../../../../api/index.ts';
import { toolsOf } from '../image-catalog.ts';
import { ConnectError } from '../network/listener.ts';
import type { DnsRecord, RecordType } from '../network/names.ts';
import { patiently } from './resolving.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const TYPES: readonly RecordType[] = ['A', 'AAAA', 'CNAME', 'SRV', 'PTR'];
/** How long an answer is good, in seconds, as CoreDNS has it. */
const TTL = 30;

/** What the address of the cluster's DNS is called. */
const DNS_SERVICE = 'kube-dns.kube-system.svc.cluster.local';

const typeNamed = (text: string): RecordType | undefined => TYPES.find((type) => type === text.toUpperCase());

/** The name under which DNS knows an address; undefined for what is none. */
function reverseName(text: string): string | undefined {
  const address = parseIp(text);
  if (address?.family === 4) return `${text.split('.').reverse().join('.')}.in-addr.arpa`;
  return address && `${[...address.bits.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa`;
}

const NSLOOKUP_LINES: Readonly<Record<RecordType, (record: DnsRecord) => string>> = {
  A: ({ name, data }) => `Name:\t${name}\nAddress: ${data}\n`,
  AAAA: ({ name, data }) => `Name:\t${name}\nAddress: ${data}\n`,
  CNAME: ({ name, data }) => `${name}\tcanonical name = ${data.replace(/\.$/, '')}\n`,
  SRV: ({ name, data }) => `${name}\tservice = ${data.replace(/\.$/, '')}\n`,
  PTR: ({ name, data }) => `${name}\tname = ${data.replace(/\.$/, '')}\n`,
};

/** Whom a tool asks, how long it waits for an answer, and how often it tries. */
interface Server {
  /** As it was named. */
  readonly name: string;
  readonly address: string;
  /** Only one that the command line names; else the resolver asks those of its file. */
  readonly given: string | undefined;
  readonly waitMs: number;
  readonly tries: number;
}

const ANSWER_SECONDS = 5;
const TRIES = 3;

/** The server that a command line names, else that of the resolver's file. @throws ConnectError when its name is not known */
async function serverOf(
  context: CommandContext,
  named: string | undefined,
  waits: Partial<Pick<Server, 'waitMs' | 'tries'>>,
): Promise<Server> {
  const { network } = context.host.process;
  const usual = network.dns.servers[0] ?? '';
  const address = named === undefined ? usual : ((await patiently(context.host, network.resolve(named))).addresses[0] ?? '');
  return {
    name: named ?? usual,
    address,
    given: named === undefined ? undefined : address,
    waitMs: ANSWER_SECONDS * 1000,
    tries: TRIES,
    ...waits,
  };
}

/** What a server answers; undefined when it does not, after it has been waited for and the tool has said what it says of each try. */
async function answered<T>(context: CommandContext, server: Server, asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const giveUp = toolsOf(context.host.process.image) === 'gnu' ? complainOfTries : complainOnce;
    await giveUp(context, server, error.failure === 'refused');
    return undefined;
  }
}

/** As BIND's tools do. */
async function complainOfTries({ host, stdout }: CommandContext, { address, waitMs, tries }: Server, isRefused: boolean): Promise<void> {
  for (let i = 0; i < tries; i++) {
    if (!isRefused) await host.sleep(waitMs);
    await stdout.write(`;; communications error to ${address}#53: ${isRefused ? 'connection refused' : 'timed out'}\n`);
  }
}

/** As busybox does, which goes on waiting for another answer. */
async function complainOnce({ host, stderr }: CommandContext, { address, waitMs }: Server, isRefused: boolean): Promise<void> {
  if (isRefused) await stderr.write(`nslookup: write to '${address}': Connection refused\n`);
  await host.sleep(waitMs);
}

/** `nslookup [-type=TYPE] NAME|ADDRESS [SERVER]`, as the image's tools show it. */
const nslookup: CommandFunction = async (context) => {
  const tools = toolsOf(context.host.process.image);
  const [name = '', named] = context.args.filter((arg) => !arg.startsWith('-'));
  const server = await serverOf(context, named, secondsOption(context.args, /^-timeout=(\d+)$/)).catch(unnamed);
  if (!server)
    return await complain(
      context,
      `nslookup: ${tools === 'gnu' ? `couldn't get address for '${named}': not found` : `bad address '${named}'`}`,
    );
  if (tools === 'old-busybox') return await oldNslookup(context, name, server);
  const wanted = context.args.flatMap((arg) => typeNamed(/^-(?:query|q)?(?:type)?=(\w+)$/i.exec(arg)?.[1] ?? '') ?? [])[0];
  const records = await answered(context, server, recordsOf(context, { name, wanted, server: server.given }));
  if (!records) {
    await context.stdout.write(`;; ${tools === 'gnu' ? '' : 'connection timed out; '}no servers could be reached\n\n`);
    return 1;
  }
  await context.stdout.write(`Server:\t\t${server.name}\nAddress:\t${server.address}${tools === 'gnu' ? '#' : ':'}53\n\n`);
  await context.stdout.write(records.map((record) => NSLOOKUP_LINES[record.type](record)).join(''));
  // A name elsewhere, whose address nobody here knows, is not found.
  const last = records.at(-1);
  if (last && (last.type !== 'CNAME' || wanted === 'CNAME')) {
    await context.stdout.write('\n');
    return 0;
  }
  await context.stdout.write(`** server can't find ${last?.data.replace(/\.$/, '') ?? name}: NXDOMAIN\n\n`);
  return 1;
};

/** @throws what is not about a name */
function unnamed(error: unknown): undefined {
  if (!(error instanceof ConnectError)) throw error;
}

/** How long to wait, by an option in seconds. */
function secondsOption(args: readonly string[], pattern: RegExp): { readonly waitMs?: number } {
  const seconds = args.flatMap((arg) => pattern.exec(arg)?.[1] ?? []).at(-1);
  return seconds === undefined ? {} : { waitMs: Math.max(1, Number(seconds)) * 1000 };
}

/** As busybox had it before 1.29: addresses with their own names, and no types. */
async function oldNslookup(context: CommandContext, name: string, server: Server): Promise<number> {
  const { host, stdout } = context;
  const { network } = host.process;
  const ownNames = async (address: string) => await network.query(reverseName(address) ?? address, 'PTR', { server: server.given });
  const named = async (address: string, otherwise = '') => {
    const [own] = await ownNames(address);
    const text = own?.data.replace(/\.$/, '') ?? otherwise;
    return text === '' ? address : `${address} ${text}`;
  };
  const unreached = (error: unknown) => {
    if (!(error instanceof ConnectError)) throw error;
    return server.address;
  };
  const shown = await named(server.address, server.given === undefined ? DNS_SERVICE : '').catch(unreached);
  await stdout.write(`Server:    ${server.address}\nAddress 1: ${shown}\n\n`);
  const isAddress = parseIp(name) !== undefined;
  const found = isAddress ? { addresses: [name] } : await resolved(context, name);
  if (!found) return await complain(context, `nslookup: can't resolve '${name}'`);
  const lines = await Promise.all(
    found.addresses.map(async (address, i) => `Address ${i + 1}: ${await named(address).catch(() => address)}\n`),
  );
  await stdout.write(`Name:      ${name}\n${lines.join('')}`);
  return 0;
}

/** What a name leads to; undefined where nobody knows it. */
async function resolved({ host }: CommandContext, name: string) {
  return await patiently(host, host.process.network.resolve(name)).catch(unnamed);
}

/** What `nslookup` and `host` ask: a type, or the addresses. */
interface Wish {
  readonly name: string;
  readonly wanted: RecordType | undefined;
  readonly server: string | undefined;
}

async function recordsOf({ host }: CommandContext, { name, wanted, server }: Wish): Promise<readonly DnsRecord[]> {
  const { network } = host.process;
  const reverse = reverseName(name);
  if (reverse !== undefined) return await network.query(reverse, 'PTR', { server });
  const ask = (type: RecordType) => network.query(name, type, { isSearched: true, server });
  if (wanted !== undefined) return await ask(wanted);
  const [four, six] = [await ask('A'), await ask('AAAA')];
  return [...four, ...six.filter(({ type }) => type === 'AAAA' || four.length === 0)];
}

/** `getent hosts NAME` */
const getent: CommandFunction = async (context) => {
  const {
    args: [database, name = ''],
    stdout,
  } = context;
  if (database !== 'hosts' && database !== 'ahosts' && database !== 'ahostsv4') return 1;
  const found = await resolved(context, name);
  for (const address of found?.addresses ?? []) await stdout.write(`${address.padEnd(15)} ${found?.name}\n`);
  return found ? 0 : 2;
};

/** What `dig` is asked. */
interface Question {
  readonly name: string;
  readonly type: RecordType;
  readonly isSearched: boolean;
}

function questionOf(args: readonly string[]): Question {
  const isSearched = args.includes('+search');
  const reverse = args[args.indexOf('-x') + 1];
  if (args.includes('-x') && reverse !== undefined) return { name: reverseName(reverse) ?? reverse, type: 'PTR', isSearched };
  const words = args.filter((arg) => !/^[@+-]/.test(arg) && !/^(?:IN|ANY)$/i.test(arg));
  const types = words.flatMap((word) => typeNamed(word) ?? []);
  return { name: words.find((word) => typeNamed(word) === undefined) ?? '.', type: types[0] ?? 'A', isSearched };
}

/** How `dig` ends when no server answers. */
const EXIT_NO_SERVER = 9;
/** How it ends when it cannot go about it. */
const EXIT_INTERNAL = 10;

/** `dig [@SERVER] NAME [TYPE] [-x ADDRESS] [+short] [+search] [+noall +answer] [+time=SECONDS] [+tries=NUMBER]` */
const dig: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  const question = questionOf(args);
  const named = args.find((arg) => arg.startsWith('@'))?.slice(1);
  const tries = Number(args.flatMap((arg) => /^\+tries=(\d+)$/.exec(arg)?.[1] ?? []).at(-1) ?? TRIES);
  const server = await serverOf(context, named, { ...secondsOption(args, /^\+time(?:out)?=(\d+)$/), tries }).catch(unnamed);
  if (!server) return await complain(context, `dig: couldn't get address for '${named}': not found`, EXIT_INTERNAL);
  const { name, type, isSearched } = question;
  const records = await answered(context, server, host.process.network.query(name, type, { isSearched, server: server.given }));
  const isShort = args.includes('+short');
  if (!records) {
    await stdout.write(`${isShort ? '' : digHead(question)};; no servers could be reached\n`);
    return EXIT_NO_SERVER;
  }
  const lines = records.map((record) => `${record.name}.\t${TTL}\tIN\t${record.type}\t${record.data}\n`).join('');
  if (isShort) await stdout.write(records.map(({ data }) => `${data}\n`).join(''));
  else if (args.includes('+noall')) await stdout.write(args.includes('+answer') ? lines : '');
  else await stdout.write(wholeAnswer(question, records.length, lines));
  return 0;
};

const digHead = ({ name }: Question): string => `\n; <<>> DiG 9.18.24 <<>> ${name}\n;; global options: +cmd\n`;

function wholeAnswer(question: Question, count: number, lines: string): string {
  const { name, type } = question;
  const status = count > 0 ? 'NOERROR' : 'NXDOMAIN';
  return (
    `${digHead(question)};; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${status}, id: 4711\n` +
    `;; flags: qr aa rd; QUERY: 1, ANSWER: ${count}, AUTHORITY: 0, ADDITIONAL: 1\n\n;; QUESTION SECTION:\n;${name.replace(/\.?$/, '.')}\t\tIN\t${type}\n\n` +
    (count > 0 ? `;; ANSWER SECTION:\n${lines}\n` : '')
  );
}

/** `host NAME [SERVER]` */
const hostTool: CommandFunction = async (context) => {
  const [name = '', named] = context.args.filter((arg) => !arg.startsWith('-'));
  const server = await serverOf(context, named, {}).catch(unnamed);
  if (!server) return await complain(context, `host: couldn't get address for '${named}': not found`);
  const records = await answered(context, server, recordsOf(context, { name, wanted: undefined, server: server.given }));
  if (!records) return await complain(context, ';; no servers could be reached');
  if (records.length === 0) return await complain(context, `Host ${name} not found: 3(NXDOMAIN)`);
  const words: Readonly<Record<string, string>> = {
    A: 'has address',
    AAAA: 'has IPv6 address',
    CNAME: 'is an alias for',
    PTR: 'domain name pointer',
  };
  for (const record of records) await context.stdout.write(`${record.name} ${words[record.type] ?? record.type} ${record.data}\n`);
  return 0;
};

export const DNS_TOOLS: readonly [string, CommandFunction][] = [
  ['nslookup', nslookup],
  ['getent', getent],
  ['dig', dig],
  ['host', hostTool],
];
