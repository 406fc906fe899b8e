import { authorizationKinds } from '../api/index.ts';
import { type ApiClient, clientFromOptions, type clientOptions } from '../client/index.ts';
import type { OptionValues } from '../runtime/index.ts';
import type { upstreamOptions } from './upstream-options.ts';

type ClientProcess = Parameters<typeof clientFromOptions>[1];
type Values = OptionValues<Omit<typeof clientOptions, 'kube-api-qps'> & typeof upstreamOptions>;

/** A client made of several, of which `close` closes those that are its own. */
export interface ReviewingClient {
  readonly client: ApiClient;
  close(): Promise<void>;
}

/** With whom it is found out who asks for metrics, and whether they may: the API servers and users that two kubeconfigs of their own name. */
export function reviewingClient(main: ApiClient, values: Values, process: ClientProcess): ReviewingClient {
  const { kubeconfig } = values;
  const own = new Map<string, ApiClient>();
  const clientOf = (path: string | undefined): ApiClient => {
    if (path === undefined || path === '' || path === kubeconfig) return main;
    const client = own.get(path) ?? clientFromOptions({ ...values, kubeconfig: path, master: undefined }, process);
    own.set(path, client);
    return client;
  };
  const authentication = clientOf(values['authentication-kubeconfig']);
  const authorization = clientOf(values['authorization-kubeconfig']);
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
