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

async function add(payload: Payload, collect: Collect): Promise<void> {
  for (const [path, file] of await collect()) payload.set(path, file);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
