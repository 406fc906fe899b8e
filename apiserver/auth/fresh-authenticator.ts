import type { ObjectReader } from '../registry/objects.ts';
import type { Authenticator } from './types.ts';

/**
 * An authenticator that looks again before it refuses, when the objects it goes by are behind: the account of a token may have just been made
 * through another API server.
 */
export const withFreshObjects = (authenticator: Authenticator, objects: ObjectReader): Authenticator => ({
  authenticate: (request, warn) => {
    const again = (error: unknown) => {
      const pending = objects.fresh();
      if (pending === undefined) throw error;
      return pending.then(() => authenticator.authenticate(request, warn));
    };
    try {
      const found = authenticator.authenticate(request, warn);
      return found instanceof Promise ? found.catch(again) : found;
    } catch (error) {
      return again(error);
    }
  },
});
