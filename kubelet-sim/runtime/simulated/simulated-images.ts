import type { Clock } from '../../../runtime/index.ts';
import { RuntimeError } from '../cri.ts';
import type { Image, ImageService, PullBehaviour, RegistryCredential } from '../image-service.ts';
import type { FilesystemUsage } from '../usage.ts';
import type { ImageCatalog, ImageFacts } from './image-catalog.ts';
import { type ImageName, imageRefOf, parseImageName } from './image-name.ts';

/** What the catalog says of an image, with its names. */
export interface ImageDescription {
  readonly name: string;
  readonly ref: string;
  readonly facts: ImageFacts;
}

/** What all nodes of a process share of images: each is described once. */
export class ImageLibrary {
  readonly catalog: ImageCatalog;
  readonly clock: Clock;
  readonly pullMs: number;
  readonly #bytesPerSecond: number;
  /** Registries that ask for credentials. */
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #described = new Map<string, ImageDescription>();

  constructor(options: {
    catalog: ImageCatalog;
    clock: Clock;
    pullMs?: number | undefined;
    bytesPerSecond?: number | undefined;
    /** `HOST` or `HOST/PATH`, or `USER:PASSWORD@HOST` for one that takes no other account. */
    privateRegistries?: readonly string[] | undefined;
  }) {
    this.catalog = options.catalog;
    this.clock = options.clock;
    this.pullMs = options.pullMs ?? 0;
    this.#bytesPerSecond = options.bytesPerSecond ?? 0;
    this.#accounts = new Map([...PRIVATE_PROJECTS, ...(options.privateRegistries ?? [])].map(accountOf));
  }

  /** @throws ImageNameError */
  describe(image: string): ImageDescription {
    let found = this.#described.get(image);
    if (!found) {
      const name = parseImageName(image);
      found = { name: name.full, ref: imageRefOf(name), facts: this.catalog.factsOf(name) };
      this.#described.set(image, found);
    }
    return found;
  }

  /** How long a pull takes: what every pull takes, and its bytes. */
  pullTimeMs(image: string): number {
    const { sizeBytes } = this.describe(image).facts;
    return this.pullMs + (this.#bytesPerSecond > 0 ? (sizeBytes / this.#bytesPerSecond) * 1000 : 0);
  }

  /** Why a registry refuses an image, in containerd's words; undefined when it does not. */
  refusal(image: string, credentials: readonly RegistryCredential[]): RuntimeError | undefined {
    const name = parseImageName(image);
    const failed = `failed to pull and unpack image "${name.full}": failed to resolve reference "${name.full}"`;
    if (UNKNOWN_REGISTRY.test(name.registry)) {
      const host = name.registry.replace(/:\d+$/, '');
      const url = `https://${name.registry}/v2/${name.repository}/manifests/${name.digest || name.tag}`;
      return new RuntimeError('Unknown', `${failed}: failed to do request: Head "${url}": dial tcp: lookup ${host}: no such host`);
    }
    const account = this.#accountFor(name);
    const denied = account === undefined ? undefined : whyDenied(name, account, credentials);
    if (denied !== undefined) return new RuntimeError('Unknown', `${failed}: ${denied}`);
    if (this.catalog.exists(name)) return undefined;
    if (name.registry === 'docker.io' && this.catalog.isMissingRepository(name))
      return new RuntimeError(
        'Unknown',
        `${failed}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
      );
    return new RuntimeError('NotFound', `${failed}: ${name.full}: not found`);
  }

  /** Whose account the registry, or the part of it that has the image, asks for. */
  #accountFor({ registry, repository }: ImageName): Account | undefined {
    const path = `${registry}/${repository}/`;
    for (const [where, account] of this.#accounts) if (path.startsWith(`${where}/`)) return account;
    return undefined;
  }
}

/** What asks for a secret wherever it is pulled: the images with which upstream tests that. */
const PRIVATE_PROJECTS: readonly string[] = ['gcr.io/authenticated-image-pulling'];

/** Hosts that no DNS knows: reserved for that (RFC 2606), or named so. */
const UNKNOWN_REGISTRY = /^invalid\.|\.invalid(?::\d+)?$|non-?existent|does-not-exist|no-such|unknown-registry/;

/** Who may pull from a private registry: anybody with a credential for it, or one account. */
interface Account {
  readonly username: string;
  readonly password: string;
}

function whyDenied({ registry, repository }: ImageName, account: Account, credentials: readonly RegistryCredential[]): string | undefined {
  const own = credentials.filter((credential) => registryHost(credential.registry) === registry);
  if (own.length === 0) return 'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized';
  const isRight = ({ username, password }: RegistryCredential) =>
    account.username === '' ? username !== '' : username === account.username && password === account.password;
  if (own.some(isRight)) return undefined;
  const scope = encodeURIComponent(`repository:${repository}:pull`);
  return `failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://${registry}/token?scope=${scope}&service=${registry}: 401 Unauthorized`;
}

/** Reads `HOST` or `USER:PASSWORD@HOST`, either with a path behind it. */
function accountOf(text: string): [string, Account] {
  const at = text.lastIndexOf('@');
  const [username = '', ...password] = at < 0 ? [] : text.slice(0, at).split(':');
  return [text.slice(at + 1), { username, password: password.join(':') }];
}

/** The disk that a node's images are on. */
const IMAGE_DISK = { mountpoint: '/var/lib/containerd', capacityBytes: 100 * 1024 ** 3, inodes: 6_553_600 } as const;
/** Files of an image, for each of so many bytes. */
const BYTES_PER_INODE = 32_768;

const registryHost = (registry: string): string => registry.replace(/^https?:\/\//, '').replace(/\/.*$/, '');

/** The images of one node. */
export class SimulatedImages implements ImageService {
  readonly #library: ImageLibrary;
  readonly #present = new Map<string, Image>();

  constructor(library: ImageLibrary) {
    this.#library = library;
  }

  describe(image: string): ImageDescription {
    return this.#library.describe(image);
  }

  imageStatus(image: string): Image | undefined {
    return this.#present.get(this.#library.describe(image).name);
  }

  async pullImage(
    image: string,
    credentials: readonly RegistryCredential[],
    signal: AbortSignal,
    behaviour: PullBehaviour = {},
  ): Promise<Image> {
    const takesMs = this.#library.pullTimeMs(image) + (behaviour.delayMs ?? 0);
    if (takesMs > 0) await this.#library.clock.sleep(takesMs, signal);
    if (behaviour.error !== undefined) throw new RuntimeError('Unknown', behaviour.error);
    const refusal = this.#library.refusal(image, credentials);
    if (refusal) throw refusal;
    return this.preload(image);
  }

  /** Puts an image on the node without a registry. */
  preload(image: string): Image {
    const { name, ref, facts } = this.#library.describe(image);
    let held = this.#present.get(name);
    if (!held) {
      const user = facts.username === '' ? { uid: facts.uid } : { username: facts.username };
      held = { name, ref, sizeBytes: facts.sizeBytes, ...user };
      this.#present.set(name, held);
    }
    return held;
  }

  removeImage(image: string): void {
    this.#present.delete(this.#library.describe(image).name);
  }

  imageFsInfo(): FilesystemUsage {
    const usedBytes = [...this.#present.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { time: this.#library.clock.now(), ...IMAGE_DISK, usedBytes, inodesUsed: Math.ceil(usedBytes / BYTES_PER_INODE) };
  }

  listImages(): readonly Image[] {
    return [...this.#present.values()].sort((a, b) => b.sizeBytes - a.sizeBytes);
  }
}
