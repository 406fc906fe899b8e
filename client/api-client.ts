import type { KindInfo, KubeObject } from '../api/index.ts';
import { systemClock } from '../runtime/index.ts';
import { Requester } from './requester.ts';
import { HttpResourceClient } from './resource-client.ts';
import type { ApiClient, ClientOptions, RawRequest, RawResponse, ResourceClient, StreamRequest } from './types.ts';

/** Makes a client of one API server; connects on first use. */
export function createClient(options: ClientOptions): ApiClient {
  const requester = new Requester({ ...options, clock: options.clock ?? systemClock });
  return {
    resource: <T extends KubeObject>(kind: KindInfo): ResourceClient<T> => new HttpResourceClient<T>(requester, kind),
    request: (method: string, path: string, request?: RawRequest): Promise<RawResponse> => requester.request(method, path, request),
    stream: (path: string, request: StreamRequest) => requester.stream(path, request),
    close: () => requester.close(),
  };
}
