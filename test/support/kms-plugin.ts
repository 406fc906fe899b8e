import { Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, status } from '@grpc/grpc-js';
import { KMS_METHODS } from '../../apiserver/encryption/kms/plugin.ts';

/** A key management plugin that encrypts with base64, as upstream's own mock does, on a socket of its own. */
export class KmsPluginMock implements AsyncDisposable {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #calls: string[] = [];
  keyId = '1';
  version = 'v2';
  healthz = 'ok';
  annotations = [{ key: 'local-kek.kms.kubernetes.io', value: Buffer.from('encrypted-local-kek') }];
  /** Every call fails as long as this says why. */
  failure: string | undefined;
  /** Keys of whose sources nothing is known any more. */
  readonly lostKeyIds = new Set<string>();

  private constructor(path: string) {
    this.endpoint = `unix://${path}`;
    this.#server = new Server();
    const { status: asked, encrypt, decrypt } = KMS_METHODS;
    this.#server.addService({ status: asked, encrypt, decrypt } as unknown as ServiceDefinition, {
      status: this.#answer('Status', () => ({ version: this.version, healthz: this.healthz, keyId: this.keyId })),
      encrypt: this.#answer('Encrypt', ({ plaintext }: { plaintext: Buffer }) => ({
        ciphertext: Buffer.from(plaintext.toString('base64')),
        keyId: this.keyId,
        annotations: this.annotations,
      })),
      decrypt: this.#answer('Decrypt', ({ ciphertext, keyId }: { ciphertext: Buffer; keyId: string }) => {
        if (this.lostKeyIds.has(keyId)) throw new Error(`there is no key ${keyId}`);
        return { plaintext: Buffer.from(ciphertext.toString(), 'base64') };
      }),
    });
  }

  /** @param path of the socket, which must not be there yet. */
  static async listen(path: string): Promise<KmsPluginMock> {
    const mock = new KmsPluginMock(path);
    await new Promise<void>((resolve, reject) => {
      mock.#server.bindAsync(mock.endpoint, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    return mock;
  }

  /** What it was asked since this was last read, by name. */
  takeCalls(): string[] {
    return this.#calls.splice(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    return Promise.resolve();
  }

  #answer<Q, D>(name: string, make: (request: Q) => D) {
    return (call: ServerUnaryCall<Q, D>, done: sendUnaryData<D>) => {
      this.#calls.push(name);
      if (this.failure !== undefined) return done({ code: status.FAILED_PRECONDITION, details: this.failure });
      try {
        return done(null, make(call.request));
      } catch (error) {
        return done({ code: status.NOT_FOUND, details: error instanceof Error ? error.message : String(error) });
      }
    };
  }
}
