import { type PodVolume, readyVolume, type VolumeScope } from './volume.ts';

/** The volume of a claim: its files stay when the pod goes, for the next pod that names the claim. */
export function claimVolume(name: string, claimName: string, { facts, lasting }: VolumeScope): PodVolume {
  const key = `claim/${facts().pod.metadata.namespace}/${claimName}`;
  const held = lasting.get(key) ?? { name: key };
  lasting.set(key, held);
  return readyVolume(name, held);
}
