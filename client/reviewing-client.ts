import { authorizationKinds } from '../api/index.ts';
import type { ApiClient } from './types.ts';

/** A client made of several, of which `close` closes those that are its own. */
export interface ReviewingClient {
  readonly client: ApiClient;
  close(): Promise<void>;
}

/** Which kubeconfigs are for what. */
export interface ReviewingOptions {
  readonly kubeconfig?: string | undefined;
  readonly 'authentication-kubeconfig'?: string | undefined;
  readonly 'authorization-kubeconfig'?: string | undefined;
}

/**
 * With whom it is found out who asks for metrics, and whether they may: the API servers and users that two kubeconfigs of their own name.
 *
 * @param main asked where none is named
 * @param open makes the client of a kubeconfig
 */
export function reviewingClient(main: ApiClient, options: ReviewingOptions, open: (path: string) => ApiClient): ReviewingClient {
  const own = new Map<string, ApiClient>();
  const clientOf = (path: string | undefined): ApiClient => {
    if (path === undefined || path === '' || path === options.kubeconfig) return main;
    const client = own.get(path) ?? open(path);
    own.set(path, client);
    return client;
  };
  const authentication = clientOf(options['authentication-kubeconfig']);
  const authorization = clientOf(options['authorization-kubeconfig']);
  const { group } = authorizationKinds.subjectaccessreviews;
  const client: ApiClient = {
    resource: (kind) => (kind.group === group ? authorization : authentication).resource(kind),
    request: (method, path, request) => authentication.request(method, path, request),
    stream: (path, request) => authentication.stream(path, request),
    close: () => authentication.close(),
  };
  return {
    client: authentication === authorization ? authentication : client,
    close: async () => {
      await Promise.all([...own.values()].map((each) => each.close()));
    },
  };
}
