import type { Clock } from '../../../runtime/index.ts';
import { type Image, type ImageService, type PullBehaviour, type RegistryCredential, RuntimeError } from '../cri.ts';
import type { FilesystemUsage } from '../usage.ts';
import type { ImageCatalog, ImageFacts } from './image-catalog.ts';
import { imageRefOf, parseImageName } from './image-name.ts';

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
  /** Registries that ask for credentials. */
  readonly #privateRegistries: ReadonlySet<string>;
  readonly #described = new Map<string, ImageDescription>();

  constructor(options: {
    catalog: ImageCatalog;
    clock: Clock;
    pullMs?: number | undefined;
    privateRegistries?: readonly string[] | undefined;
  }) {
    this.catalog = options.catalog;
    this.clock = options.clock;
    this.pullMs = options.pullMs ?? 0;
    this.#privateRegistries = new Set(options.privateRegistries);
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

  /** Why a registry refuses an image; undefined when it does not. */
  refusal(image: string, credentials: readonly RegistryCredential[]): RuntimeError | undefined {
    const name = parseImageName(image);
    const failed = `failed to pull and unpack image "${name.full}": failed to resolve reference "${name.full}"`;
    if (!this.catalog.exists(name)) return new RuntimeError('NotFound', `${failed}: ${name.full}: not found`);
    const isPrivate = this.#privateRegistries.has(name.registry);
    if (isPrivate && !credentials.some(({ registry }) => registryHost(registry) === name.registry))
      return new RuntimeError(
        'Unknown',
        `${failed}: failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`,
      );
    return undefined;
  }
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
    const takesMs = this.#library.pullMs + (behaviour.delayMs ?? 0);
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
