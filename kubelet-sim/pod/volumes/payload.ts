import type { KeyToPath } from '../../../api/index.ts';
import type { MountableVolume, VolumeFile } from '../../runtime/cri.ts';
import { ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** Files by their path in the volume. */
export type Payload = Map<string, VolumeFile>;

/** Makes what a volume is to hold now. @throws Error in the words of the volume's event */
export type Collect = () => Promise<Payload>;

/** Mode of files that say nothing. */
export const MODE_DEFAULT = 0o644;

/**
 * A volume whose files follow their source: they are made when somebody looks at them, and what was good once stays when the source
 * goes away.
 *
 * @param check makes sure, before the first container starts, that the files can be made.
 */
export function payloadVolume(name: string, scope: VolumeScope, collect: Collect, check: Collect = collect): PodVolume {
  let shown: Payload | undefined;
  const files = async (): Promise<Payload> => {
    try {
      const now = await collect();
      if (!shown || !isSame(shown, now)) shown = now;
    } catch (error) {
      if (!shown) throw error;
    }
    return shown;
  };
  const mountable: MountableVolume = { name, files, ...ownershipOf(scope.facts()) };
  const setUp = async (): Promise<MountableVolume> => {
    if (!shown) await check();
    return mountable;
  };
  return { name, mountable, setUp };
}

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
