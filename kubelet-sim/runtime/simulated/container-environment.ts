import type { SimulatedContainer } from './container.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The variables that a container's processes see: the runtime's, then the image's, then the pod's. */
export async function environmentOf({ config, image, sandbox, user }: SimulatedContainer): Promise<ReadonlyMap<string, string>> {
  const base = { PATH, HOSTNAME: sandbox.config.hostname, ...image.env, ...(config.tty ? { TERM: 'xterm' } : {}) };
  const own = await (config.environment?.() ?? sandbox.config.resources?.environmentOf?.(config.name));
  const result = new Map([...Object.entries(base), ...(own ?? [])]);
  if (!result.has('HOME')) result.set('HOME', user.uid === 0 ? '/root' : '/');
  return result;
}
