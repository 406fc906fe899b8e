import type { ApiClient } from '../client/index.ts';

const AUTHORIZATION = 'authorization.k8s.io';

/** A client that asks one whose token it is, and another what they may do. It owns neither. */
export function reviewClient(authentication: ApiClient, authorization: ApiClient): ApiClient {
  return {
    resource: (kind) => (kind.group === AUTHORIZATION ? authorization : authentication).resource(kind),
    request: (...args) => authentication.request(...args),
    stream: (...args) => authentication.stream(...args),
    close: () => Promise.resolve(),
  };
}
