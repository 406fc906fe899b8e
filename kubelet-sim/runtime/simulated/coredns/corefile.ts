/** A line of a Corefile: a plugin with its arguments, and what stands in braces behind it. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly body: readonly Directive[];
}

/** Zones that are served on a port, and what with. */
export interface ServerBlock {
  /** Without the dot at the end; `''` is the root. */
  readonly zones: readonly string[];
  readonly port: number;
  readonly plugins: readonly Directive[];
}

/** A Corefile that cannot be used; the message is CoreDNS'. */
export class CorefileError extends Error {
  override readonly name = 'CorefileError';
}

const DNS_PORT = 53;

/** The plugins that are built into CoreDNS 1.12 (`plugin.cfg`). */
const PLUGINS: ReadonlySet<string> = new Set(
  (
    'root metadata geoip cancel tls quic timeouts multisocket reload nsid bufsize bind debug trace ready health pprof prometheus errors log dnstap ' +
    'local dns64 acl any chaos loadbalance tsig cache rewrite header dnssec autopath minimal template transfer hosts route53 azure clouddns ' +
    'k8s_external kubernetes file auto secondary etcd loop forward grpc erratic whoami on sign view import'
  ).split(' '),
);

/** A line that holds something, as its words. */
interface Line {
  readonly number: number;
  readonly words: readonly string[];
}

/** Reads a Corefile. @param path how errors call it @throws CorefileError */
export function parseCorefile(text: string, path: string): readonly ServerBlock[] {
  const lines = text.split('\n').flatMap((line, i): Line[] => {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter(Boolean);
    return words.length > 0 ? [{ number: i + 1, words }] : [];
  });
  return readBlock({ lines, path, at: 0 }, 0).map(({ name, args, body }) => {
    const keys = [name, ...args]
      .flatMap((key) => key.split(','))
      .filter(Boolean)
      .map(keyOf);
    return { zones: keys.map(({ zone }) => zone), port: keys[0]?.port ?? DNS_PORT, plugins: body };
  });
}

/** `cluster.local:53`, `dns://.:53`, `.` */
function keyOf(key: string): { readonly zone: string; readonly port: number } {
  const [, zone = '', port = ''] = /^(?:\w+:\/\/)?(.*?)(?::(\d+))?$/.exec(key) ?? [];
  return { zone: zone.replace(/\.$/, '').toLowerCase(), port: port === '' ? DNS_PORT : Number(port) };
}

/** Lines that are read one after the other. */
interface Reading {
  readonly lines: readonly Line[];
  readonly path: string;
  at: number;
}

/** The directives from here on, to the brace that closes them. */
function readBlock(reading: Reading, depth: number): readonly Directive[] {
  const directives: Directive[] = [];
  const fail = (number: number, why: string) => new CorefileError(`${reading.path}:${number} - Error during parsing: ${why}`);
  for (let line = reading.lines[reading.at]; line; line = reading.lines[reading.at]) {
    const [name = '', ...args] = line.words;
    reading.at++;
    if (name === '}' && depth > 0) return directives;
    if (name === '}') throw fail(line.number, "Unexpected '}' because no matching opening brace");
    if (depth === 1 && !PLUGINS.has(name)) throw fail(line.number, `Unknown directive '${name}'`);
    const opens = args.at(-1) === '{';
    directives.push({ name, args: opens ? args.slice(0, -1) : args, body: opens ? readBlock(reading, depth + 1) : [] });
  }
  if (depth > 0) throw fail(reading.lines.at(-1)?.number ?? 1, 'Unexpected EOF');
  return directives;
}

/** The block that answers for a name on a port: that of the longest zone the name is in. */
export function blockFor(blocks: readonly ServerBlock[], name: string, port: number): ServerBlock | undefined {
  const fits = blocks
    .filter((block) => block.port === port)
    .flatMap((block) => block.zones.filter((zone) => isIn(name, zone)).map((zone) => ({ block, length: zone.length })));
  return fits.sort((a, b) => b.length - a.length)[0]?.block;
}

/** Whether a name is one of a zone. */
export const isIn = (name: string, zone: string): boolean => zone === '' || name === zone || name.endsWith(`.${zone}`);

/** A plugin of a block, if it has it. */
export const pluginOf = ({ plugins }: ServerBlock, name: string): Directive | undefined => plugins.find((plugin) => plugin.name === name);
