import { IMAGES } from './image-data.ts';
import type { ImageName } from './image-name.ts';

/** What an image does, as data. All but `repository` may be left out. */
export interface ImageEntry {
  /** Path without registry and `library/`, e.g. `nginx` or `bitnami/redis`; `*` stands for any characters. */
  readonly repository: string;
  /**
   * What runs without a command: `server` stays and answers on its ports, `exit` ends at once (a shell without input does), or a
   * command line.
   */
  readonly run?: 'server' | 'exit' | readonly string[] | undefined;
  /** What `args` alone mean: `exec` runs them as a command (no entrypoint, or one that ends in `exec "$@"`); `flags` hands them to the program. */
  readonly args?: 'exec' | 'flags' | undefined;
  /** Programs of the image, beside the shell's tools, that stay and serve. */
  readonly binaries?: readonly string[] | undefined;
  /** Programs of the image that end at once, with what they print (e.g. `redis-cli`: `PONG`). */
  readonly clients?: Readonly<Record<string, string>> | undefined;
  /** Whether there is a shell; without it only the image's own programs run. */
  readonly shell?: boolean | undefined;
  /** Lines written when the server starts. */
  readonly log?: readonly string[] | undefined;
  /** Ports the server listens on beside those the container declares. */
  readonly ports?: readonly number[] | undefined;
  /** Body of an HTTP answer, to any path; or see `docroot`. */
  readonly body?: string | undefined;
  /** Directory whose files are served; what is not there is answered with 404. */
  readonly docroot?: string | undefined;
  /** Exit code after the stop signal. */
  readonly stopCode?: number | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly workingDir?: string | undefined;
  /** Files of the image beside the usual ones. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly sizeBytes?: number | undefined;
  /** Tags that do not exist; a pull of them fails. */
  readonly missingTags?: readonly string[] | undefined;
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
export interface ImageFacts {
  readonly known: boolean;
  readonly run: 'server' | 'exit' | readonly string[];
  readonly args: 'exec' | 'flags';
  readonly binaries: readonly string[];
  readonly clients: Readonly<Record<string, string>>;
  readonly shell: boolean;
  readonly log: readonly string[];
  readonly ports: readonly number[];
  readonly body: string;
  readonly docroot: string;
  readonly stopCode: number;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly missingTags: readonly string[];
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
  binaries: [],
  clients: {},
  shell: true,
  log: [],
  ports: [],
  body: 'ok\n',
  docroot: '',
  stopCode: 0,
  env: {},
  workingDir: '/',
  files: {},
  sizeBytes: 10_000_000,
  missingTags: [],
  uid: 0,
  gid: 0,
  username: '',
  cpuMillis: 1,
  memoryBytes: 4 * 1024 * 1024,
};

/** Tags that no repository has. */
const MISSING_TAGS: ReadonlySet<string> = new Set([
  'nonexistent',
  'does-not-exist',
  'non-existent',
  'notfound',
  'not-found',
  'no-such-tag',
]);

/** What images do. The user's entries go before the built-in ones. */
export class ImageCatalog {
  readonly #entries: readonly { readonly pattern: RegExp; readonly facts: ImageFacts }[];
  readonly #found = new Map<string, ImageFacts>();

  constructor(extra: readonly ImageEntry[] = []) {
    this.#entries = [...extra, ...IMAGES].map((entry) => ({
      pattern: new RegExp(`^${entry.repository.split('*').map(escapePattern).join('.*')}$`),
      facts: complete(entry),
    }));
  }

  /** What an image does; for one that nobody described, what most images do: stay and say nothing. */
  factsOf(name: ImageName): ImageFacts {
    const key = `${name.registry}/${name.repository}`;
    let facts = this.#found.get(key);
    if (!facts) {
      const candidates = [
        key,
        name.repository,
        name.repository.replace(/^library\//, ''),
        name.repository.slice(name.repository.lastIndexOf('/') + 1),
      ];
      facts = candidates.map((text) => this.#entries.find(({ pattern }) => pattern.test(text))).find(Boolean)?.facts ?? DEFAULTS;
      this.#found.set(key, facts);
    }
    return facts;
  }

  /** Whether the registry has the image. */
  exists(name: ImageName): boolean {
    const last = name.repository.slice(name.repository.lastIndexOf('/') + 1);
    return !MISSING_TAGS.has(name.tag) && !MISSING_TAGS.has(last) && !this.factsOf(name).missingTags.includes(name.tag);
  }
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function complete(entry: ImageEntry): ImageFacts {
  const given = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
  return { ...DEFAULTS, ...given, known: true };
}
