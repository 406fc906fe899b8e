import { IMAGES } from './image-data.ts';
import type { ImageName } from './image-name.ts';

/** An HTTP answer; in its texts `{{hostname}}`, `{{path}}`, `{{headers}}`, `{{option:NAME|OTHERWISE}}` and the like are filled in. */
export interface HttpReply {
  /** The path it answers; one that ends in `*` stands for all that begin so. */
  readonly path: string;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly delayMs?: number | undefined;
  /** Answers so only once the container has run for so long. */
  readonly afterMs?: number | undefined;
  /** The program ends with this code once it has answered. */
  readonly exitCode?: number | undefined;
}

/** Names of flags, by what they set. */
export interface LoadFlags {
  readonly memoryBytes?: readonly string[] | undefined;
  readonly cpuMillis?: readonly string[] | undefined;
}

/** How a server answers, with nothing left out. */
export interface ServerFacts {
  readonly protocol: 'http' | 'tcp' | 'grpc' | 'redis';
  readonly tls: boolean;
  readonly replies: readonly HttpReply[];
  readonly body: string;
  readonly docroot: string;
  readonly serverName: string;
  readonly accessLog: boolean;
  readonly requestCpuMs: number;
  readonly greeting: string;
  readonly talks: readonly { readonly match: string; readonly reply: string }[];
  readonly healthServices: readonly string[];
}

/** Tools of the same names by GNU and others, by busybox, and by busybox before 1.29, whose `nslookup` was another. */
export type ToolFamily = 'gnu' | 'busybox' | 'old-busybox';

/** What an image does, as data. All but `repository` may be left out. */
export interface ImageEntry {
  /** Path without registry and `library/`, e.g. `nginx` or `bitnami/redis`; `*` stands for any characters. */
  readonly repository: string;
  /**
   * What runs without a command: `server` stays and answers on its ports, `exit` ends at once (a shell without input does), `tool` is a
   * program that our shell has under the name of the image's own, or a command line.
   */
  readonly run?: 'server' | 'exit' | 'tool' | readonly string[] | undefined;
  /** What `args` alone mean: `exec` runs them as a command (no entrypoint, or one that ends in `exec "$@"`); `flags` hands them to the program. */
  readonly args?: 'exec' | 'flags' | undefined;
  /** Program that the entrypoint puts before arguments of which the first begins with a dash: `mongod` before `--bind_ip_all`. */
  readonly program?: string | undefined;
  /** The process that its server keeps beside itself, as it is called and who it runs as. */
  readonly worker?: { readonly title: string; readonly uid: number } | undefined;
  /** Programs of the image, beside the shell's tools, that stay and serve. */
  readonly binaries?: readonly string[] | undefined;
  /** Programs of the image that end at once, with what they print (e.g. `redis-cli`: `PONG`). */
  readonly clients?: Readonly<Record<string, string>> | undefined;
  /** Programs of the image that our shell has, and that other images do not have. */
  readonly ownTools?: readonly string[] | undefined;
  /** Whether there is a shell; without it only the image's own programs run. */
  readonly shell?: boolean | undefined;
  /** Lines written when the server starts. */
  readonly log?: readonly string[] | undefined;
  /** Ports the server listens on beside those the container declares. */
  readonly ports?: readonly number[] | undefined;
  /** What it speaks on its ports: HTTP unless given. */
  readonly protocol?: 'http' | 'tcp' | 'grpc' | 'redis' | undefined;
  /** Whether it speaks over TLS. */
  readonly tls?: boolean | undefined;
  /** Answers by path; the first that fits. Paths without one are answered from `docroot`, or with `body`. */
  readonly replies?: readonly HttpReply[] | undefined;
  /** Name of the server in its answers. */
  readonly serverName?: string | undefined;
  /** Whether it writes a line for each request. */
  readonly accessLog?: boolean | undefined;
  /** Milliseconds of a processor that an HTTP request takes. */
  readonly requestCpuMs?: number | undefined;
  /** With the protocol `tcp`: what it says first. */
  readonly greeting?: string | undefined;
  /** With the protocol `tcp`: lines, as regular expressions, and what it says to them. */
  readonly talks?: readonly { readonly match: string; readonly reply: string }[] | undefined;
  /** With the protocol `grpc`: services that its health checks know, beside the server itself. */
  readonly healthServices?: readonly string[] | undefined;
  /** A program of this code that it is, by its name; for those that compute what they answer. */
  readonly native?: string | undefined;
  /** Flags of the command line that name its first port. */
  readonly portFlags?: readonly string[] | undefined;
  /** What it does when its first argument is one of these words, as far as that differs. */
  readonly commands?: Readonly<Record<string, Omit<ImageEntry, 'repository' | 'commands' | 'tags'>>> | undefined;
  /** Paths of its configuration: a container that mounts something there listens on the ports that it declares. */
  readonly configs?: readonly string[] | undefined;
  /** What it writes when its port is taken, with `{{port}}`, and the code it ends with. */
  readonly bindError?: string | undefined;
  readonly bindExitCode?: number | undefined;
  /** Directories that it writes to when it starts, and what it says when it cannot: `{{error}}` is the reason. */
  readonly writes?: readonly { readonly path: string; readonly message: string }[] | undefined;
  /** Signal that asks it to stop, unless the pod names another. */
  readonly stopSignal?: string | undefined;
  /** Signals that end it. */
  readonly stopSignals?: readonly string[] | undefined;
  /** How long it takes to stop. */
  readonly stopMs?: number | undefined;
  /** Lines written when it stops. */
  readonly stopLog?: readonly string[] | undefined;
  /** Whether it waits for its children. */
  readonly reaps?: boolean | undefined;
  /** What `ps` shows of it when no command is given. */
  readonly title?: readonly string[] | undefined;
  /** Distribution it is made from: `debian`, `alpine`, `busybox`, …; its files follow. */
  readonly base?: string | undefined;
  /** Whether it is a distribution itself, whose tag is its version. */
  readonly isDistribution?: boolean | undefined;
  /** Name of its own account, in `/etc/passwd`. */
  readonly account?: string | undefined;
  /** Flags that say how much memory or how many processors it is to use, as load generators have. */
  readonly loadFlags?: LoadFlags | undefined;
  /** Variables without which it does not start (one of them), with what it says then; as databases ask for a password. */
  readonly requires?: { readonly anyOf: readonly string[]; readonly message: string } | undefined;
  /** Body of an HTTP answer, to any path; or see `docroot`. */
  readonly body?: string | undefined;
  /** Directory whose files are served; what is not there is answered with 404. */
  readonly docroot?: string | undefined;
  /** Directory that it exports to the network, as servers of NFS do: volumes of its address show it. */
  readonly exports?: string | undefined;
  /** Exit code after the stop signal. */
  readonly stopCode?: number | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly workingDir?: string | undefined;
  /** Files of the image beside the usual ones. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Symbolic links of the image, by their paths. */
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** When its files were made, in milliseconds since 1970; with the container unless given. */
  readonly builtAt?: number | undefined;
  readonly sizeBytes?: number | undefined;
  /** Tags that do not exist; a pull of them fails. */
  readonly missingTags?: readonly string[] | undefined;
  /** A version that is not reached yet, as `1.60`: tags of it and of later ones do not exist, but for one other number alone (`2`). */
  readonly versionsBefore?: string | undefined;
  /** What differs by tag; `*` stands for any characters, and the first that fits counts. */
  readonly tags?: Readonly<Record<string, Omit<ImageEntry, 'repository' | 'tags'>>> | undefined;
  /** Whose tools it has, where these write differently: of its distribution unless given. */
  readonly tools?: ToolFamily | undefined;
  /** User its processes run as, root unless given. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The image's own words for its user, when that is a name. */
  readonly username?: string | undefined;
  /** Thousandths of a processor that it uses when it is left alone. */
  readonly cpuMillis?: number | undefined;
  /** Memory that it uses when it is left alone. */
  readonly memoryBytes?: number | undefined;
}

/** An entry with nothing left out. `known` is false for images that no entry describes. */
export interface ImageFacts extends ServerFacts {
  readonly known: boolean;
  readonly run: 'server' | 'exit' | 'tool' | readonly string[];
  readonly args: 'exec' | 'flags';
  readonly program: string;
  readonly worker: { readonly title: string; readonly uid: number } | undefined;
  readonly binaries: readonly string[];
  readonly clients: Readonly<Record<string, string>>;
  readonly ownTools: readonly string[];
  readonly shell: boolean;
  readonly log: readonly string[];
  readonly ports: readonly number[];
  readonly native: string;
  readonly portFlags: readonly string[];
  readonly commands: Readonly<Record<string, ImageFacts>>;
  readonly configs: readonly string[];
  readonly bindError: string;
  readonly bindExitCode: number;
  readonly writes: readonly { readonly path: string; readonly message: string }[];
  readonly stopSignal: string;
  readonly stopSignals: readonly string[];
  readonly stopMs: number;
  readonly stopLog: readonly string[];
  readonly reaps: boolean;
  readonly title: readonly string[];
  readonly base: string;
  readonly isDistribution: boolean;
  readonly account: string;
  readonly loadFlags: LoadFlags | undefined;
  readonly requires: { readonly anyOf: readonly string[]; readonly message: string } | undefined;
  readonly exports: string;
  readonly stopCode: number;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
  readonly builtAt: number;
  readonly sizeBytes: number;
  readonly missingTags: readonly string[];
  readonly versionsBefore: string;
  readonly tools: ToolFamily | undefined;
  readonly uid: number;
  readonly gid: number;
  readonly username: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

const DEFAULTS: ImageFacts = {
  known: false,
  run: 'server',
  args: 'flags',
  program: '',
  worker: undefined,
  binaries: [],
  clients: {},
  ownTools: [],
  shell: true,
  log: [],
  ports: [],
  protocol: 'http',
  tls: false,
  replies: [],
  serverName: '',
  accessLog: false,
  requestCpuMs: 0,
  greeting: '',
  talks: [],
  healthServices: [],
  native: '',
  portFlags: [],
  commands: {},
  configs: [],
  bindError: 'listen tcp :{{port}}: bind: address already in use',
  bindExitCode: 1,
  writes: [],
  stopSignal: 'SIGTERM',
  stopSignals: ['SIGTERM', 'SIGINT', 'SIGQUIT'],
  stopMs: 0,
  stopLog: [],
  reaps: false,
  title: [],
  base: 'debian',
  isDistribution: false,
  account: '',
  loadFlags: undefined,
  requires: undefined,
  body: 'ok\n',
  docroot: '',
  exports: '',
  stopCode: 0,
  env: {},
  workingDir: '/',
  files: {},
  links: {},
  builtAt: 0,
  sizeBytes: 10_000_000,
  missingTags: [],
  versionsBefore: '',
  tools: undefined,
  uid: 0,
  gid: 0,
  username: '',
  cpuMillis: 1,
  memoryBytes: 4 * 1024 * 1024,
};

/** Tags that no repository has, and repositories that no registry has. */
const MISSING = /^(?:404|(?:non-?exist(?:ent|ing)|does-?not-?exist|not-?found|no-such)(?:[-_].*)?)$/;

/** An entry as it is looked up. */
interface Described {
  readonly pattern: RegExp;
  readonly facts: ImageFacts;
  readonly ofTags: readonly { readonly pattern: RegExp; readonly facts: ImageFacts }[];
}

/** What images do. The user's entries go before the built-in ones. */
export class ImageCatalog {
  readonly #entries: readonly Described[];
  readonly #found = new Map<string, Described | undefined>();

  constructor(extra: readonly ImageEntry[] = []) {
    this.#entries = [...extra, ...IMAGES].map(({ repository, tags = {}, ...entry }) => {
      const facts = complete(entry);
      const ofTags = Object.entries(tags).map(([tag, own]) => ({ pattern: glob(tag), facts: complete({ ...entry, ...own }) }));
      return { pattern: glob(repository), facts, ofTags };
    });
  }

  /** What an image does; for one that nobody described, what most images do: stay and say nothing. */
  factsOf(name: ImageName): ImageFacts {
    const entry = this.#entryOf(name);
    return entry?.ofTags.find(({ pattern }) => pattern.test(name.tag))?.facts ?? entry?.facts ?? DEFAULTS;
  }

  #entryOf(name: ImageName): Described | undefined {
    const key = `${name.registry}/${name.repository}`;
    if (this.#found.has(key)) return this.#found.get(key);
    const candidates = [
      key,
      name.repository,
      name.repository.replace(/^library\//, ''),
      name.repository.slice(name.repository.lastIndexOf('/') + 1),
    ];
    const entry = candidates.map((text) => this.#entries.find(({ pattern }) => pattern.test(text))).find(Boolean);
    this.#found.set(key, entry);
    return entry;
  }

  /** Whether the name says that there is no such repository. */
  isMissingRepository({ repository }: ImageName): boolean {
    return MISSING.test(repository.slice(repository.lastIndexOf('/') + 1));
  }

  /** Whether the registry has the image. */
  exists(name: ImageName): boolean {
    if (MISSING.test(name.tag) || this.isMissingRepository(name)) return false;
    const { missingTags, versionsBefore } = this.factsOf(name);
    return !missingTags.includes(name.tag) && (versionsBefore === '' || isBefore(name.tag, versionsBefore));
  }
}

const glob = (text: string): RegExp => new RegExp(`^${text.split('*').map(escapePattern).join('.*')}$`);
const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether the version that a tag names is before another; one that names none is, and one that begins otherwise is another matter. */
function isBefore(tag: string, version: string): boolean {
  const own = /^v?(\d+(?:\.\d+)*)/.exec(tag)?.[1]?.split('.') ?? [];
  const parts = version.split('.');
  if (parts.length > 1 && own.length === 1 && own[0] !== parts[0]) return true; // `nginx:2`, as people name what is only to be another
  for (const [i, part] of parts.entries()) {
    const difference = Number(own[i] ?? 0) - Number(part);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function complete({ commands = {}, ...entry }: Omit<ImageEntry, 'repository' | 'tags'>, base = DEFAULTS): ImageFacts {
  const given = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
  const facts: ImageFacts = { ...base, ...given, commands: {}, known: true };
  const ofCommands = Object.entries(commands).map(([name, own]) => [name, complete(own, facts)] as const);
  return { ...facts, commands: Object.fromEntries(ofCommands) };
}

const OF_BUSYBOX: ReadonlySet<string> = new Set(['alpine', 'busybox']);

/** Whose tools an image has. */
export const toolsOf = ({ tools, base }: ImageFacts): ToolFamily => tools ?? (OF_BUSYBOX.has(base) ? 'busybox' : 'gnu');
