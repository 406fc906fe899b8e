import { parseIp } from '../../../../api/index.ts';
import { toolsOf } from '../image-catalog.ts';
import { ConnectError } from '../network/listener.ts';
import type { DnsRecord, RecordType } from '../network/names.ts';
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

/** `nslookup [-type=TYPE] NAME|ADDRESS [SERVER]`, as the image's tools show it. */
const nslookup: CommandFunction = async (context) => {
  const { image, network } = context.host.process;
  const tools = toolsOf(image);
  const server = network.dns.servers[0] ?? '';
  if (tools === 'old-busybox') return await oldNslookup(context, server);
  const [name = ''] = context.args.filter((arg) => !arg.startsWith('-'));
  await context.stdout.write(`Server:\t\t${server}\nAddress:\t${server}${tools === 'gnu' ? '#' : ':'}53\n\n`);
  const wanted = context.args.flatMap((arg) => typeNamed(/^-(?:query|q)?(?:type)?=(\w+)$/i.exec(arg)?.[1] ?? '') ?? [])[0];
  const records = await nslookupRecords(context, name, wanted);
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

/** As busybox had it before 1.29: addresses with their own names, and no types. */
async function oldNslookup(context: CommandContext, server: string): Promise<number> {
  const [name = ''] = context.args;
  const { network } = context.host.process;
  const named = async (address: string) => {
    const [own] = await network.query(reverseName(address) ?? address, 'PTR');
    return own ? `${address} ${own.data.replace(/\.$/, '')}` : address;
  };
  const shown = (await network.query(reverseName(server) ?? server, 'PTR')).length > 0 ? await named(server) : `${server} ${DNS_SERVICE}`;
  await context.stdout.write(`Server:    ${server}\nAddress 1: ${shown}\n\n`);
  const isAddress = parseIp(name) !== undefined;
  const found = isAddress ? { addresses: [name] } : await resolved(context, name);
  if (!found) return await complain(context, `nslookup: can't resolve '${name}'`);
  const lines = await Promise.all(found.addresses.map(async (address, i) => `Address ${i + 1}: ${await named(address)}\n`));
  await context.stdout.write(`Name:      ${name}\n${lines.join('')}`);
  return 0;
}

/** What a name leads to; undefined where nobody knows it. */
async function resolved({ host }: CommandContext, name: string) {
  try {
    return await host.process.network.resolve(name);
  } catch (error) {
    if (error instanceof ConnectError) return undefined;
    throw error;
  }
}

async function nslookupRecords({ host }: CommandContext, name: string, wanted: RecordType | undefined): Promise<readonly DnsRecord[]> {
  const { network } = host.process;
  const reverse = reverseName(name);
  if (reverse !== undefined) return await network.query(reverse, 'PTR');
  if (wanted !== undefined) return await network.query(name, wanted, { isSearched: true });
  const [four, six] = [await network.query(name, 'A', { isSearched: true }), await network.query(name, 'AAAA', { isSearched: true })];
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

/** `dig [@SERVER] NAME [TYPE] [-x ADDRESS] [+short] [+search] [+noall +answer]` */
const dig: CommandFunction = async ({ args, host, stdout }) => {
  const question = questionOf(args);
  const records = await host.process.network.query(question.name, question.type, question);
  const lines = records.map(({ name, type, data }) => `${name}.\t${TTL}\tIN\t${type}\t${data}\n`).join('');
  if (args.includes('+short')) await stdout.write(records.map(({ data }) => `${data}\n`).join(''));
  else if (args.includes('+noall')) await stdout.write(args.includes('+answer') ? lines : '');
  else await stdout.write(wholeAnswer(question, records.length, lines));
  return 0;
};

function wholeAnswer({ name, type }: Question, count: number, lines: string): string {
  const status = count > 0 ? 'NOERROR' : 'NXDOMAIN';
  return (
    `\n; <<>> DiG 9.18.24 <<>> ${name}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${status}, id: 4711\n` +
    `;; flags: qr aa rd; QUERY: 1, ANSWER: ${count}, AUTHORITY: 0, ADDITIONAL: 1\n\n;; QUESTION SECTION:\n;${name.replace(/\.?$/, '.')}\t\tIN\t${type}\n\n` +
    (count > 0 ? `;; ANSWER SECTION:\n${lines}\n` : '')
  );
}

/** `host NAME` */
const hostTool: CommandFunction = async (context) => {
  const [name = ''] = context.args.filter((arg) => !arg.startsWith('-'));
  const records = await nslookupRecords(context, name, undefined);
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
