import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { isSealed } from '../registry/stored-object.ts';
import type { TransformationMetrics } from './transformation-metrics.ts';

/*
 * What values in the store are sealed with, byte for byte as kube-apiserver does it (apiserver, pkg/storage/value):
 *
 *   k8s:enc:aescbc:v1:KEY:     16 bytes IV     AES-CBC, PKCS#7
 *   k8s:enc:aesgcm:v1:KEY:     12 bytes nonce  AES-GCM, 16 bytes tag at the end; the value's key in the store is authenticated with it
 *   k8s:enc:secretbox:v1:KEY:  24 bytes nonce  XSalsa20-Poly1305, 16 bytes tag first (libsodium's crypto_secretbox)
 *   k8s:enc:kms:v2:NAME:       a message (kms/encrypted-object.ts), in which the value is: 32 bytes that its key is derived with, then as aesgcm
 */

/** Seals and opens values. */
export interface Transformer {
  /** @param key where the value lies in the store. */
  seal(key: string, bytes: Buffer): Buffer;
  /** @throws TransformError */
  open(key: string, sealed: Buffer): Opened;
  /** Whether somebody has to be asked before a value can be opened; nobody has unless given. */
  isLocked?(sealed: Buffer): boolean;
  /** Asks. Never rejects: what stays locked says why when it is opened. */
  unlock?(sealed: readonly Buffer[]): Promise<void>;
}

export interface Opened {
  readonly bytes: Buffer;
  /** It should be written again, for it was not sealed with what new values are sealed with. */
  readonly stale: boolean;
}

/** Why a value cannot be opened. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
}

const IV_BYTES = 16;
const GCM_NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BOX_NONCE_BYTES = 24;
/** What keys are derived of, and with. */
export const SEED_BYTES = 32;
const INFO_BYTES = 32;

const TOO_SHORT = 'the stored data was shorter than the required size';

/** `aes.NewCBCTransformer`. What is stored is not authenticated. */
export function aesCbc(secret: Buffer): Transformer {
  const algorithm = `aes-${secret.length * 8}-cbc`;
  return {
    seal: (_key, bytes) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(algorithm, secret, iv);
      return Buffer.concat([iv, cipher.update(bytes), cipher.final()]);
    },
    open: (_key, sealed) => {
      if (sealed.length < IV_BYTES) throw new TransformError(TOO_SHORT);
      const rest = sealed.subarray(IV_BYTES);
      if (rest.length % IV_BYTES !== 0) throw new TransformError('the stored data is not a multiple of the block size');
      if (rest.length === 0) throw new TransformError('invalid PKCS7 data (empty or not padded)');
      const cipher = createDecipheriv(algorithm, secret, sealed.subarray(0, IV_BYTES));
      return fresh(() => Buffer.concat([cipher.update(rest), cipher.final()]), 'invalid padding on input');
    },
  };
}

/** `aes.NewGCMTransformer`, with random nonces. */
export function aesGcm(secret: Buffer): Transformer {
  const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'; // Node's types need one of the three
  return {
    seal: (key, bytes) => {
      const nonce = randomBytes(GCM_NONCE_BYTES);
      const cipher = createCipheriv(algorithm, secret, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(key));
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open: (key, sealed) => {
      if (sealed.length < GCM_NONCE_BYTES) throw new TransformError(TOO_SHORT);
      const end = sealed.length - TAG_BYTES;
      if (end < GCM_NONCE_BYTES) throw new TransformError(NOT_AUTHENTIC);
      const nonce = sealed.subarray(0, GCM_NONCE_BYTES);
      const cipher = createDecipheriv(algorithm, secret, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(key))
        .setAuthTag(sealed.subarray(end));
      return fresh(() => Buffer.concat([cipher.update(sealed.subarray(GCM_NONCE_BYTES, end)), cipher.final()]), NOT_AUTHENTIC);
    },
  };
}

/**
 * `aes.NewHKDFExtendedNonceGCMTransformer`: each value has a key of its own, derived of the seed with random bytes that stand before it. (The
 * key is as long as what SHA-256 makes: HKDF's first block is all of it.)
 *
 * @throws TransformError when the seed is too short.
 */
export function extendedNonceGcm(seed: Buffer): Transformer {
  if (seed.length < SEED_BYTES) throw new TransformError(`invalid seed length ${seed.length} used for key generation`);
  const derived = (info: Buffer) => aesGcm(createHmac('sha256', seed).update(info).update(FIRST_BLOCK).digest());
  return {
    seal: (key, bytes) => {
      const info = randomBytes(INFO_BYTES);
      return Buffer.concat([info, derived(info).seal(key, bytes)]);
    },
    open: (key, sealed) => {
      if (sealed.length < INFO_BYTES) throw new TransformError(TOO_SHORT);
      return derived(sealed.subarray(0, INFO_BYTES)).open(key, sealed.subarray(INFO_BYTES));
    },
  };
}

const FIRST_BLOCK = Buffer.of(1);

const NOT_AUTHENTIC = 'cipher: message authentication failed';

/** `secretbox.NewSecretboxTransformer`. */
export const secretbox = (secret: Buffer): Transformer => ({
  seal: (_key, bytes) => {
    const nonce = randomBytes(BOX_NONCE_BYTES);
    return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(bytes)]);
  },
  open: (_key, sealed) => {
    if (sealed.length < BOX_NONCE_BYTES + TAG_BYTES) throw new TransformError(TOO_SHORT);
    const box = xsalsa20poly1305(secret, sealed.subarray(0, BOX_NONCE_BYTES));
    return fresh(() => Buffer.from(box.decrypt(sealed.subarray(BOX_NONCE_BYTES))), 'output array was not large enough for encryption');
  },
});

/** Leaves values as they are, and does not take sealed ones for such. */
export const identity: Transformer = {
  seal: (_key, bytes) => bytes,
  open: (_key, bytes) => {
    if (isSealed(bytes)) throw new TransformError('identity transformer tried to read encrypted data');
    return { bytes, stale: false };
  },
};

/** A cipher says no by throwing; upstream's words are shown instead of OpenSSL's. */
function fresh(decrypt: () => Buffer, why: string): Opened {
  try {
    return { bytes: decrypt(), stale: false };
  } catch (error) {
    throw new TransformError(why, { cause: error });
  }
}

/** A transformer, and how values of it begin. */
export interface Prefixed {
  readonly prefix: string;
  readonly transformer: Transformer;
}

/**
 * `value.NewPrefixTransformers`: the first seals, and each that the beginning of a value points to may open it.
 *
 * @param unknown what is said of a value that begins otherwise.
 */
export function prefixed(every: readonly [Prefixed, ...Prefixed[]], unknown: string, metrics?: TransformationMetrics): Transformer {
  const [first] = every;
  const places = every.map(({ prefix, transformer }) => ({ name: prefix, prefix: Buffer.from(prefix), transformer }));
  const head = Buffer.from(first.prefix);
  return {
    seal: (key, bytes) => {
      const since = beginning(metrics);
      const sealed = attempt(() => first.transformer.seal(key, bytes));
      if (sealed instanceof TransformError) {
        metrics?.failed('to_storage', first.prefix);
        throw sealed;
      }
      metrics?.done('to_storage', first.prefix, since);
      return head.length === 0 ? sealed : Buffer.concat([head, sealed]);
    },
    open: (key, sealed) => {
      const reasons: string[] = [];
      const since = beginning(metrics);
      for (const [index, { name, prefix, transformer }] of places.entries()) {
        if (!beginsWith(sealed, prefix)) continue;
        const opened = attempt(() => transformer.open(key, sealed.subarray(prefix.length)));
        if (!(opened instanceof TransformError)) {
          metrics?.done('from_storage', name, since);
          return { bytes: opened.bytes, stale: opened.stale || index > 0 };
        }
        // That identity does not open it says nothing: others may.
        if (prefix.length === 0) continue;
        metrics?.failed('from_storage', name);
        reasons.push(opened.message);
      }
      if (reasons.length > 0) throw new TransformError(aggregate(reasons));
      metrics?.failed('from_storage', undefined);
      throw new TransformError(unknown);
    },
    ...asking(places),
  };
}

const beginning = (metrics: TransformationMetrics | undefined): number => metrics?.now() ?? 0;

interface Place {
  readonly prefix: Buffer;
  readonly transformer: Transformer;
}

const beginsWith = (value: Buffer, prefix: Buffer): boolean => value.subarray(0, prefix.length).equals(prefix);

/** How those of several ask that have to. */
function asking(places: readonly Place[]): Pick<Transformer, 'isLocked' | 'unlock'> {
  const askers = places.filter(({ transformer }) => transformer.isLocked);
  if (askers.length === 0) return {};
  const own = (value: Buffer, { prefix }: Place) => (beginsWith(value, prefix) ? [value.subarray(prefix.length)] : []);
  return {
    isLocked: (sealed) => askers.some((place) => own(sealed, place).some((rest) => place.transformer.isLocked?.(rest))),
    unlock: async (sealed) => {
      await Promise.all(askers.map((place) => place.transformer.unlock?.(sealed.flatMap((value) => own(value, place)))));
    },
  };
}

function attempt<T>(work: () => T): T | TransformError {
  try {
    return work();
  } catch (error) {
    if (error instanceof TransformError) return error;
    throw error;
  }
}

/** As upstream prints several errors. */
export const aggregate = (reasons: readonly string[]): string => {
  const distinct = [...new Set(reasons)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
};
