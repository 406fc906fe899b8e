import type { KubeObject, Live } from '../../../../api/index.ts';
import { ask, type InCluster, RefusedError } from '../in-cluster/in-cluster.ts';
import type { ProcessContext } from '../program.ts';

/** The API as a program in a pod asks it. All methods throw RefusedError, and ConnectError where nobody answers. */
export class PodClient {
  readonly #context: ProcessContext;
  readonly #server: InCluster;

  constructor(context: ProcessContext, server: InCluster) {
    this.#context = context;
    this.#server = server;
  }

  async list<T extends KubeObject>(path: string): Promise<readonly Live<T>[]> {
    return ((await this.#ask('GET', path)) as { readonly items: readonly Live<T>[] }).items;
  }

  async get<T extends KubeObject>(path: string): Promise<Live<T>> {
    return (await this.#ask('GET', path)) as Live<T>;
  }

  async create<T extends object>(path: string, body: T): Promise<unknown> {
    return await this.#ask('POST', path, { body });
  }

  async update<T extends KubeObject>(path: string, body: Live<T>): Promise<Live<T>> {
    return (await this.#ask('PUT', path, { body })) as Live<T>;
  }

  async merge<T extends KubeObject>(path: string, body: object): Promise<Live<T>> {
    return (await this.#ask('PATCH', path, { body })) as Live<T>;
  }

  /** What has gone already is as good. */
  async delete(path: string): Promise<void> {
    await this.#ask('DELETE', path).catch((error: unknown) => {
      if (!isRefusedAs(error, 'NotFound')) throw error;
    });
  }

  #ask(method: string, path: string, sent: { readonly body?: object } = {}): Promise<unknown> {
    return ask(this.#context, this.#server, { method, path, ...sent });
  }
}

/** Whether the API server refused something for a reason: `NotFound`, `Conflict`. */
export const isRefusedAs = (error: unknown, reason: string): boolean => error instanceof RefusedError && error.reason === reason;
