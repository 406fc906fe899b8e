import type { ApiClient } from '../../client/index.ts';

/** A client of a server that only answers plain requests. @param request answers them. */
export function answeringClient(request: ApiClient['request']): ApiClient {
  const refuse = () => Promise.reject(new Error('not here'));
  return {
    resource: () => {
      throw new Error('not here');
    },
    stream: refuse,
    close: () => Promise.resolve(),
    request,
  };
}
