import type { Message } from './message.ts';

/** A method: what is sent is a draft (`QD`, `SD`), what is received a whole message (`Q`, `S`), on either side. */
export interface Method<Q, QD, S, SD> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestSerialize(draft: QD): Buffer;
  requestDeserialize(bytes: Buffer): Q;
  responseSerialize(draft: SD): Buffer;
  responseDeserialize(bytes: Buffer): S;
}

interface Streams {
  readonly request?: boolean;
  readonly response?: boolean;
}

/** Declares the methods of a service. */
export const methodsOf =
  (service: string) =>
  <Q, QD, S, SD>(name: string, request: Message<Q, QD>, response: Message<S, SD>, streams: Streams = {}): Method<Q, QD, S, SD> => ({
    path: `/${service}/${name}`,
    requestStream: streams.request ?? false,
    responseStream: streams.response ?? false,
    requestSerialize: (draft) => request.encode(draft),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (draft) => response.encode(draft),
    responseDeserialize: (bytes) => response.decode(bytes),
  });

/** A method of one request and one answer, as who calls it sees it. */
export type UnaryMethod<QD, S> = Pick<Method<unknown, QD, S, never>, 'path' | 'requestSerialize' | 'responseDeserialize'>;
