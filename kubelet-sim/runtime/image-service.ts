// A node's images as its agent sees them: shaped like CRI's ImageService, in our words.
import type { FilesystemUsage } from './usage.ts';

export interface Image {
  readonly name: string;
  readonly ref: string;
  readonly sizeBytes: number;
  /** User that its processes run as unless a pod says otherwise; a name when the image gives one that is no number. */
  readonly uid?: number | undefined;
  readonly username?: string | undefined;
  /** Never collected. */
  readonly pinned?: boolean | undefined;
}

/** What a script makes of a pull. */
export interface PullBehaviour {
  /** Fails with this text. */
  readonly error?: string | undefined;
  /** Takes so much longer. */
  readonly delayMs?: number | undefined;
}

export interface ImageService {
  /** The image, if the node has it. */
  imageStatus(image: string): Image | undefined;
  /** @throws RuntimeError with the registry's complaint. */
  pullImage(
    image: string,
    credentials: readonly RegistryCredential[],
    signal: AbortSignal,
    behaviour?: PullBehaviour | undefined,
  ): Promise<Image>;
  listImages(): readonly Image[];
  /** Lets an image go; nothing when it is not there. */
  removeImage(image: string): void;
  imageFsInfo(): FilesystemUsage;
}

/** What an image pull secret holds for one registry. */
export interface RegistryCredential {
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}
