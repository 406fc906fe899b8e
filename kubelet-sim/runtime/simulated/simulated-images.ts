import type { Clock } from '../../../runtime/index.ts';
import { type Image, type ImageService, type RegistryCredential, RuntimeError } from '../cri.ts';
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

  async pullImage(image: string, credentials: readonly RegistryCredential[], signal: AbortSignal): Promise<Image> {
    if (this.#library.pullMs > 0) await this.#library.clock.sleep(this.#library.pullMs, signal);
    const refusal = this.#library.refusal(image, credentials);
    if (refusal) throw refusal;
    return this.preload(image);
  }

  /** Puts an image on the node without a registry. */
  preload(image: string): Image {
    const { name, ref, facts } = this.#library.describe(image);
    let held = this.#present.get(name);
    if (!held) {
      held = { name, ref, sizeBytes: facts.sizeBytes };
      this.#present.set(name, held);
    }
    return held;
  }

  listImages(): readonly Image[] {
    return [...this.#present.values()].sort((a, b) => b.sizeBytes - a.sizeBytes);
  }
}
