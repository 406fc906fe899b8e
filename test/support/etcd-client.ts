/** A client of etcd's API with nothing of its own: one call is one message, and what is answered is what was sent. */
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Method } from '../../store/rpc/index.ts';

const BYTES_MAX = 64 * 1024 * 1024;

/** A call that was not answered with OK. */
export class CallFailed extends Error {
  readonly code: number;

  constructor({ code, details }: ServiceError) {
    super(details);
    this.code = code;
  }
}

export class EtcdClient implements Disposable {
  readonly #client: Client;

  /**
   * @param url such as `http://127.0.0.1:2379`.
   * @param channel for TLS; the server's certificate is for `localhost`: an address is no name in TLS, and newer versions of Node.js take none.
   */
  constructor(url: string, channel: ChannelCredentials = credentials.createInsecure()) {
    const sizes = { 'grpc.max_receive_message_length': BYTES_MAX, 'grpc.max_send_message_length': BYTES_MAX };
    const options = { 'grpc.ssl_target_name_override': 'localhost', ...sizes };
    this.#client = new Client(new URL(url).host, channel, options);
  }

  call<Q, QD, S, SD>(method: Method<Q, QD, S, SD>, request: QD): Promise<S> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<QD, S>(method.path, method.requestSerialize, method.responseDeserialize, request, (error, answer) => {
        if (error || answer === undefined) reject(error ? new CallFailed(error) : new Error('there was no answer'));
        else resolve(answer);
      });
    });
  }

  /** `OK`, or the code and the text of what went wrong. */
  async errorOf<Q, QD, S, SD>(method: Method<Q, QD, S, SD>, request: QD): Promise<{ code: number; message: string } | 'OK'> {
    try {
      await this.call(method, request);
      return 'OK';
    } catch (error) {
      if (error instanceof CallFailed) return { code: error.code, message: error.message };
      throw error;
    }
  }

  stream<Q, QD, S, SD>(method: Method<Q, QD, S, SD>): EtcdStream<QD, S> {
    return new EtcdStream(this.#client.makeBidiStreamRequest<QD, S>(method.path, method.requestSerialize, method.responseDeserialize));
  }

  /** A stream of answers to one request. */
  listen<Q, QD, S, SD>(method: Method<Q, QD, S, SD>, request: QD): ClientReadableStream<S> {
    return this.#client.makeServerStreamRequest<QD, S>(method.path, method.requestSerialize, method.responseDeserialize, request);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

const ANSWER_MS_MAX = 60_000;

/** A stream of requests and answers. */
export class EtcdStream<QD, S> implements Disposable {
  readonly #stream: ClientDuplexStream<QD, S>;
  readonly #answers: S[] = [];
  #wake: (() => void) | undefined;
  #end: Error | 'ended' | undefined;

  constructor(stream: ClientDuplexStream<QD, S>) {
    this.#stream = stream;
    stream.on('data', (answer: S) => {
      this.#answers.push(answer);
      this.#wake?.();
    });
    const onEnd = (end: Error | 'ended') => {
      this.#end ??= end;
      this.#wake?.();
    };
    stream.on('error', (error) => onEnd(new CallFailed(error as ServiceError)));
    stream.on('end', () => onEnd('ended'));
  }

  send(request: QD): void {
    this.#stream.write(request);
  }

  /** The next answer. @throws CallFailed when the call ends instead. */
  async next(): Promise<S> {
    if (this.#answers.length === 0 && this.#end === undefined) await this.#change();
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    if (this.#end === undefined) throw new Error(`nothing was answered in ${ANSWER_MS_MAX} ms`);
    throw this.#end === 'ended' ? new Error('the stream has ended') : this.#end;
  }

  /** How the call ends, whatever is answered before. */
  async end(): Promise<Error | 'ended'> {
    while (this.#end === undefined) await this.#change();
    return this.#end;
  }

  /** Answers that have come and were not taken. */
  get waiting(): number {
    return this.#answers.length;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** No more will be sent. */
  finish(): void {
    this.#stream.end();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS_MAX);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  [Symbol.dispose](): void {
    this.#stream.cancel();
  }
}
