import { chmodSync, mkdirSync } from 'node:fs';

const OWNER_ONLY = 0o700;

/** Makes a directory, and those above it, that nobody but their owner may look into; one that is there is left as it is. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
}

/** Makes a directory of our own, or takes back what others may do with it: databases of earlier versions could be read by everybody. */
export function keepPrivateDirectory(path: string): void {
  makePrivateDirectory(path);
  chmodSync(path, OWNER_ONLY);
}
