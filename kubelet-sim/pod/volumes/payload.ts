import type { KeyToPath, Volume } from '../../../api/index.ts';
import type { MountableVolume, VolumeFile } from '../../runtime/cri.ts';
import { ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** Files by their path in the volume. */
export type Payload = Map<string, VolumeFile>;

/** Makes what a volume is to hold now. @throws Error in the words of the volume's event */
export type Collect = () => Promise<Payload>;

/** Mode of files that say nothing. */
export const MODE_DEFAULT = 0o644;

/** How the files of a volume are made. */
export interface PayloadSource {
  readonly collect: Collect;
  /** Makes sure, before the first container starts, that the files can be made. */
  readonly check: Collect;
}

/**
 * A volume whose files follow their source: they are made when somebody looks at them, and what was good once stays when the source
 * goes away. It is what is mounted, too: every pod has one, which few look at.
 */
export class PayloadVolume implements PodVolume, MountableVolume {
  readonly name: string;
  readonly #scope: VolumeScope;
  /** What the API says of the volume. */
  readonly #volume: Volume;
  readonly #sourceOf: (volume: Volume, scope: VolumeScope) => PayloadSource;
  #source: PayloadSource | undefined;
  #shown: Payload | undefined;

  constructor(volume: Volume, scope: VolumeScope, sourceOf: (volume: Volume, scope: VolumeScope) => PayloadSource) {
    this.name = volume.name;
    this.#volume = volume;
    this.#scope = scope;
    this.#sourceOf = sourceOf;
  }

  get mountable(): MountableVolume {
    return this;
  }

  /** Those of config maps are on the node's disk, all else stays in its memory. */
  get medium(): string | undefined {
    return this.#volume.configMap ? undefined : 'tmpfs';
  }

  get fsGroup(): number | undefined {
    return ownershipOf(this.#scope.facts()).fsGroup;
  }

  async setUp(): Promise<MountableVolume> {
    if (!this.#shown && !isAccessVolume(this.#volume)) await this.#made.check();
    return this;
  }

  async files(): Promise<Payload> {
    try {
      const now = await this.#made.collect();
      if (!this.#shown || !isSame(this.#shown, now)) this.#shown = now;
    } catch (error) {
      if (!this.#shown) throw error;
    }
    return this.#shown;
  }

  get #made(): PayloadSource {
    this.#source ??= this.#sourceOf(this.#volume, this.#scope);
    return this.#source;
  }
}

/** Whether admission put the volume into the pod, as it does into every one. */
const isAccessVolume = ({ name }: Volume): boolean => name.startsWith('kube-api-access-');

function isSame(a: Payload, b: Payload): boolean {
  if (a.size !== b.size) return false;
  for (const [path, file] of a) {
    const other = b.get(path);
    if (!other || other.mode !== file.mode || other.uid !== file.uid || Buffer.compare(other.content, file.content) !== 0) return false;
  }
  return true;
}

/** Which keys of an object become which files. */
export interface Selection {
  readonly items: readonly KeyToPath[] | undefined;
  readonly mode: number;
  readonly optional: boolean | undefined;
  /** What is said of a key that is not there. */
  readonly missing: (key: string) => string;
}

/** The files of an object's keys: all of them, or those that are named. */
export function select(data: ReadonlyMap<string, Buffer>, { items, mode, optional, missing }: Selection): Payload {
  if (!items || items.length === 0) return new Map([...data].map(([key, content]) => [key, { content, mode }]));
  const payload: Payload = new Map();
  for (const item of items) {
    const content = data.get(item.key);
    if (content) payload.set(item.path, { content, mode: item.mode ?? mode });
    else if (!optional) throw new Error(missing(item.key));
  }
  return payload;
}
