import { createHash } from 'node:crypto';
import type { Configuration } from './model.ts';
import type { Settings } from './settings.ts';

/** A word for all of a configuration that nginx would have to be reloaded for: endpoints and certificates come and go without (upstream `IsDynamicConfigurationEnough`). */
export function fingerprint({ servers }: Configuration, settings: Settings): string {
  const hash = createHash('md5').update(JSON.stringify(settings));
  for (const { hostname, aliases, locations, certificate } of servers.values()) {
    hash.update(JSON.stringify([hostname, aliases, certificate !== undefined]));
    for (const { path, pathType, backend, owner } of locations)
      hash.update(JSON.stringify([path, pathType, backend, owner?.ingress.metadata.uid, owner?.annotations]));
  }
  return hash.digest('hex');
}
