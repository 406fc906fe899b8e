import { hasCapability } from './capabilities.ts';
import type { SimulatedContainer } from './container.ts';
import { overlaps } from './network/container-sockets.ts';

/** Whether a container has its image's configuration, and runs as its user on files that it may write. */
export function isAsMade(container: SimulatedContainer): boolean {
  const { image, config, user } = container;
  const isConfigured = image.configs.some((path) => config.mounts.some(({ containerPath }) => overlaps(containerPath, path)));
  if (isConfigured || config.security?.readOnlyRootFilesystem || user.uid !== image.uid) return false;
  return user.uid !== 0 || hasCapability(container, 'CHOWN');
}
