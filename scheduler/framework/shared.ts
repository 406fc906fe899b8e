import type { Handle } from './plugin.ts';

/** Keeps what the plugins of all profiles share. */
export function sharedThings(): Handle['shared'] {
  const things = new Map<string, object>();
  return <T extends object>(name: string, make: () => T): T => {
    const thing = things.get(name) ?? make();
    things.set(name, thing);
    return thing as T; // what a name stands for is up to the one plugin that uses it
  };
}
