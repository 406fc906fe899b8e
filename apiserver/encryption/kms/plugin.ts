import { bytes, GrpcError, message, methodsOf, Peer, string, type UnaryMethod } from '../../../runtime/grpc.ts';
import type { Clock } from '../../../runtime/index.ts';
import { type Annotations, annotationsField, type KeySource } from './encrypted-object.ts';

// What a plugin is asked: kms/apis/v2/api.proto.

const method = methodsOf('v2.KeyManagementService');
export const KMS_METHODS = {
  status: method('Status', message({}), message({ version: string(1), healthz: string(2), keyId: string(3) })),
  decrypt: method(
    'Decrypt',
    message({ ciphertext: bytes(1), uid: string(2), keyId: string(3), annotations: annotationsField(4) }),
    message({ plaintext: bytes(1) }),
  ),
  encrypt: method(
    'Encrypt',
    message({ plaintext: bytes(1), uid: string(2) }),
    message({ ciphertext: bytes(1), keyId: string(2), annotations: annotationsField(3) }),
  ),
};

export interface PluginStatus {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

export interface Encrypted {
  readonly ciphertext: Buffer;
  readonly keyId: string;
  readonly annotations: Annotations;
}

export interface PluginOptions {
  /** `unix:///path`; `unix:///@name` for a socket without a file. */
  readonly endpoint: string;
  /** How long each call may take. */
  readonly timeoutMs: number;
  /** Told of each call; `code` is gRPC's. */
  readonly onCall?: ((path: string, code: string, tookMs: number) => void) | undefined;
  readonly clock: Clock;
}

/** The plugin that holds the keys which keys are encrypted with (`NewGRPCService`). Its calls throw GrpcError. */
export class KmsPlugin {
  readonly #options: PluginOptions;
  #peer: Promise<Peer> | undefined;

  /** Nobody is connected to before the first call. */
  constructor(options: PluginOptions) {
    this.#options = options;
  }

  status(): Promise<PluginStatus> {
    return this.#call(KMS_METHODS.status, {});
  }

  encrypt(uid: string, plaintext: Buffer): Promise<Encrypted> {
    return this.#call(KMS_METHODS.encrypt, { uid, plaintext });
  }

  async decrypt(uid: string, { source, keyId, annotations }: KeySource): Promise<Buffer> {
    const { plaintext } = await this.#call(KMS_METHODS.decrypt, { ciphertext: source, uid, keyId, annotations });
    return plaintext;
  }

  /** Ends what is under way; safe to call more than once. */
  async close(): Promise<void> {
    const peer = await this.#peer;
    peer?.close();
  }

  async #call<QD, S>(asked: UnaryMethod<QD, S>, request: QD): Promise<S> {
    const { clock, timeoutMs, onCall } = this.#options;
    const begun = clock.monotonic();
    let code = 'OK';
    try {
      this.#peer ??= Peer.open({ target: `unix:${socketOf(this.#options.endpoint)}`, authority: 'localhost', clock });
      const peer = await this.#peer;
      return await peer.call(asked, request, timeoutMs);
    } catch (error) {
      if (error instanceof GrpcError) code = error.code;
      throw error;
    } finally {
      onCall?.(asked.path, code, clock.monotonic() - begun);
    }
  }
}

/** Upstream's `ParseEndpoint` (kms/pkg/util). A socket without a file begins with a zero where others have an `@`. */
export function socketOf(endpoint: string): string {
  const path = decodeURIComponent(endpoint.replace(/^unix:(?:\/\/[^/]*)?/i, '').replace(/[?#].*$/, ''));
  return path.startsWith('/@') ? `\0${path.slice(2)}` : path;
}
