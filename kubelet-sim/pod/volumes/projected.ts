import { posix } from 'node:path';
import type { VolumeProjection } from '../../../api/index.ts';
import { configMapFiles } from './config-map.ts';
import { downwardFiles } from './downward-api.ts';
import type { Collect, Payload } from './payload.ts';
import { secretFiles } from './secret.ts';
import { tokenFile } from './service-account-token.ts';
import type { VolumeScope } from './volume.ts';

/** The files of one source. */
export function sourceFiles(projection: VolumeProjection, mode: number, scope: VolumeScope): Collect {
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection;
  if (configMap) return configMapFiles(configMap, mode, scope);
  if (secret) return secretFiles(secret, mode, scope);
  if (downwardAPI) return downwardFiles(downwardAPI, mode, scope);
  if (serviceAccountToken) return tokenFile(serviceAccountToken, mode, scope);
  return () => Promise.resolve(new Map());
}

/** Files of several sources in one directory; all that is wrong is told at once. Upstream: `pkg/volume/projected`. */
export function together(sources: readonly Collect[]): Collect {
  return async () => {
    const payload: Payload = new Map();
    const errors = new Set<string>();
    for (const collect of sources) await add(payload, collect).catch((error: unknown) => errors.add(textOf(error)));
    if (errors.size === 0) return payload;
    throw new Error(errors.size === 1 ? [...errors].join() : `[${[...errors].join(', ')}]`);
  };
}

/** How long names and paths may be. */
const NAME_CHARS_MAX = 255;
const PATH_CHARS_MAX = 4096;

/** A path as it is written to. Upstream: `validatePayload`, `pkg/volume/util/atomic_writer.go`. @throws Error */
function cleanPath(path: string): string {
  if (path.length > PATH_CHARS_MAX) throw new Error(`invalid path: must be less than or equal to ${PATH_CHARS_MAX} characters`);
  if (path.split('/').some((name) => name.length > NAME_CHARS_MAX))
    throw new Error(`invalid path: filenames must be less than or equal to ${NAME_CHARS_MAX} characters`);
  return posix.normalize(path);
}

async function add(payload: Payload, collect: Collect): Promise<void> {
  for (const [path, file] of await collect()) payload.set(cleanPath(path), file);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
