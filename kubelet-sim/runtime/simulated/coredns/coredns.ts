import { createHash } from 'node:crypto';
import type { Timer } from '../../../../runtime/index.ts';
import type { HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';
import { commandLineOption } from '../command-line.ts';
import { type DnsQuestion, readQuestion, writeAnswer } from '../network/dns-message.ts';
import { serveHttpStream } from '../network/http-stream.ts';
import { CLIENT_PORT, type Datagram, type Listener } from '../network/listener.ts';
import type { DnsRecord } from '../network/names.ts';
import type { ProcessContext, Program, RunningProgram } from '../program.ts';
import { blockFor, CorefileError, isIn, parseCorefile, pluginOf, type ServerBlock } from './corefile.ts';

/** What serves where no Corefile does (upstream `coremain/run.go`). */
const DEFAULT_COREFILE = '.:53 {\nwhoami\nlog\n}\n';
const DEFAULT_PATH = 'Corefile';
const VERSION = 'CoreDNS-1.12.1\nlinux/amd64, go1.24.1, 707c7c1\n';

/**
 * CoreDNS: answers what the cluster's objects say, for the zones that its Corefile gives to the plugin `kubernetes`, and knows no other
 * names: there is no world outside. It serves its health, readiness and metrics where the Corefile says, logs questions when it is to, and
 * looks at a changed Corefile with the next question.
 */
export const coreDns = (argv: readonly string[]): Program => ({ start: (context) => new CoreDns(context, argv) });

class CoreDns implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #path: string;
  readonly #open: { close(): void }[] = [];
  /** Questions by type, and answers by what became of them. */
  readonly #asked = new Map<string, number>();
  readonly #answered = new Map<string, number>();
  #text = '';
  #blocks: readonly ServerBlock[] = [];
  #stopTimer: Timer | undefined;
  #isDone = false;

  constructor(context: ProcessContext, argv: readonly string[]) {
    this.#context = context;
    this.#path = commandLineOption(argv, 'conf');
    this.#begin().catch((error: unknown) => this.#end(1, error instanceof Error ? error.message : String(error)));
  }

  async #begin(): Promise<void> {
    this.#text = await this.#read();
    this.#blocks = parseCorefile(this.#text, this.#path || DEFAULT_PATH);
    if (this.#isDone) return;
    const ports = [...new Set(this.#blocks.map(({ port }) => port))];
    for (const port of ports) this.#listen(port);
    for (const [plugin, port, answer] of this.#pages()) if (this.#has(plugin)) this.#serve(port, answer);
    for (const { zones, port } of this.#blocks) for (const zone of zones) this.#say(`${zone}.:${port}`);
    if (this.#has('reload')) this.#say(this.#runningText());
    this.#context.output('stdout', VERSION);
  }

  async #read(): Promise<string> {
    if (this.#path === '') return DEFAULT_COREFILE;
    return (await (await this.#context.files()).readFile(this.#path)).toString();
  }

  #has(plugin: string): boolean {
    return this.#blocks.some((block) => pluginOf(block, plugin));
  }

  #say(line: string): void {
    this.#context.output('stdout', `${line}\n`);
  }

  #runningText(): string {
    return `[INFO] plugin/reload: Running configuration SHA512 = ${createHash('sha512').update(this.#text).digest('hex')}`;
  }

  /** @throws Error when another listens there */
  #listen(port: number): void {
    const socket = this.#context.listenForDatagrams(port, (datagram) => this.#answer(datagram, port));
    if (!socket) throw new Error(`Listen: listen udp :${port}: bind: address already in use`);
    this.#open.push(socket);
    // Whoever connects is let in, and hears nothing: nobody here asks over TCP.
    this.#keep(port, { http: () => Promise.resolve({ status: 400, headers: {}, body: '' }), stream: () => Promise.resolve() });
  }

  #serve(port: number, answer: (path: string) => HttpResponse): void {
    const http: Listener['http'] = ({ path }) => Promise.resolve(answer(path.replace(/\?.*$/, '')));
    this.#keep(port, { http, stream: (connection) => serveHttpStream(http, connection) });
  }

  #keep(port: number, listener: Listener): void {
    const socket = this.#context.listen(port, listener);
    if (!socket) throw new Error(`listen tcp :${port}: bind: address already in use`);
    this.#open.push(socket);
  }

  /** What its plugins serve over HTTP. */
  #pages(): readonly (readonly [string, number, (path: string) => HttpResponse])[] {
    const text = (body: string): HttpResponse => ({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body });
    const missing: HttpResponse = { ...text('404 page not found\n'), status: 404 };
    const at = (wanted: string, body: () => string) => (path: string) => (path === wanted ? text(body()) : missing);
    return [
      ['health', this.#portOf('health', 8080), at('/health', () => 'OK')],
      ['ready', this.#portOf('ready', 8181), at('/ready', () => 'OK')],
      ['prometheus', this.#portOf('prometheus', 9153), at('/metrics', () => this.#metrics())],
    ];
  }

  /** The port that a plugin's argument names: `:9153`. */
  #portOf(plugin: string, usual: number): number {
    const given = this.#blocks.flatMap((block) => pluginOf(block, plugin)?.args[0] ?? [])[0];
    return Number(/:(\d+)$/.exec(given ?? '')?.[1] ?? usual);
  }

  async #answer({ from, payload }: Datagram, port: number): Promise<string | undefined> {
    const question = readQuestion(payload);
    if (!question) return undefined;
    if (this.#has('reload')) await this.#reload();
    const block = blockFor(this.#blocks, question.name.toLowerCase(), port);
    const records = block && isServed(block, question) ? await this.#context.network.lookUp(question.name, question.type) : [];
    const isKnown = records.length > 0 || (question.type === 'AAAA' && (await this.#context.network.lookUp(question.name, 'A')).length > 0);
    const code = block === undefined ? 'REFUSED' : isKnown ? 'NOERROR' : 'NXDOMAIN';
    count(this.#asked, question.type);
    count(this.#answered, code);
    if (block && pluginOf(block, 'log')) this.#log(question, { from, code, records });
    return writeAnswer(records);
  }

  /** As the plugin `log` writes it: `{remote}:{port} - {id} "{type} {class} {name} {proto} {size} {do} {bufsize}" {rcode} {flags} {size} {duration}`. */
  #log({ name, type }: DnsQuestion, { from, code, records }: { from: string; code: string; records: readonly DnsRecord[] }): void {
    const id = Math.floor(this.#context.random.next() * 65_536);
    const asked = QUESTION_BYTES + name.length;
    const answer = code === 'NXDOMAIN' ? SOA_BYTES : records.length * (RECORD_BYTES + name.length);
    this.#say(
      `[INFO] ${hostPort(from, CLIENT_PORT)} - ${id} "${type} IN ${name}. udp ${asked} false 512" ${code} qr,aa,rd ${asked + answer} 0.000100000s`,
    );
  }

  /** Goes on with what the Corefile says now; with what it said before, when that cannot be used. */
  async #reload(): Promise<void> {
    const text = await this.#read();
    if (text === this.#text) return;
    this.#text = text;
    this.#say('[INFO] Reloading');
    try {
      this.#blocks = parseCorefile(text, this.#path);
      this.#say(this.#runningText());
      this.#say('[INFO] Reloading complete');
    } catch (error) {
      if (!(error instanceof CorefileError)) throw error;
      this.#say(`[ERROR] Restart failed: ${error.message}`);
    }
  }

  #metrics(): string {
    const labels = 'server="dns://:53",view="",zone="."';
    const lines = (name: string, help: string, values: Iterable<readonly [string, number]>) =>
      `# HELP ${name} ${help}\n# TYPE ${name} counter\n${[...values].map(([own, value]) => `${name}{${own},${labels}} ${value}\n`).join('')}`;
    const each = (map: ReadonlyMap<string, number>, label: (key: string) => string) =>
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [label(key), value] as const);
    return (
      "# HELP coredns_build_info A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.\n" +
      '# TYPE coredns_build_info gauge\ncoredns_build_info{goversion="go1.24.1",revision="707c7c1",version="1.12.1"} 1\n' +
      lines(
        'coredns_dns_requests_total',
        'Counter of DNS requests made per zone, protocol and family.',
        each(this.#asked, (type) => `family="1",proto="udp",type="${type}"`),
      ) +
      lines(
        'coredns_dns_responses_total',
        'Counter of response status codes.',
        each(this.#answered, (code) => `plugin="kubernetes",rcode="${code}"`),
      ) +
      '# HELP coredns_panics_total A metrics that counts the number of panics.\n# TYPE coredns_panics_total counter\ncoredns_panics_total 0\n'
    );
  }

  signal(name: string): void {
    if (this.#isDone || this.#stopTimer || (name !== 'SIGTERM' && name !== 'SIGINT')) return;
    this.#say(name === 'SIGTERM' ? '[INFO] SIGTERM: Shutting down servers then terminating' : '[INFO] SIGINT: Shutting down');
    const lameduck = this.#blocks.flatMap((block) => pluginOf(block, 'health')?.body ?? []).find((one) => one.name === 'lameduck')?.args[0];
    const ms = Number(/^(\d+)s$/.exec(lameduck ?? '')?.[1] ?? 0) * 1000;
    if (ms === 0) {
      this.#end(0);
      return;
    }
    this.#say(`[INFO] plugin/health: Going into lameduck mode for ${lameduck}`);
    this.#stopTimer = this.#context.clock.setTimer(ms, () => this.#end(0));
  }

  #end(code: number, message?: string): void {
    if (this.#isDone) return;
    if (message !== undefined) this.#say(message);
    this.dispose();
    this.#context.exit(code);
  }

  dispose(): void {
    this.#isDone = true;
    this.#stopTimer?.cancel();
    for (const socket of this.#open) socket.close();
  }
}

/** Sizes of a question, of a record of an address and of the record that is told with NXDOMAIN, beside the name (RFC 1035). */
const QUESTION_BYTES = 12 + 2 + 4;
const RECORD_BYTES = 2 + 10 + 4;
const SOA_BYTES = 93;

/** Whether the plugin `kubernetes` of a block answers for a name. */
function isServed(block: ServerBlock, { name }: DnsQuestion): boolean {
  const plugin = pluginOf(block, 'kubernetes');
  if (!plugin) return false;
  const zones = plugin.args.length > 0 ? plugin.args : block.zones;
  return zones.some((zone) => isIn(name.toLowerCase(), zone.replace(/\.$/, '')));
}

const count = (map: Map<string, number>, key: string): void => {
  map.set(key, (map.get(key) ?? 0) + 1);
};
