/**
 * A provider `kms` of version v2 (apiserver: pkg/server/options/encryptionconfig/config.go, pkg/storage/value/encrypt/envelope/kmsv2).
 *
 *     Status ── key_id ──> the same: its seed is good for three minutes more
 *                     └──> another: a new seed, which the plugin encrypts; it seals everything from now on
 *
 * 1. Sealing asks nobody: the seed is in memory. When the plugin has not been well for three minutes, writes fail.
 * 2. Opening asks the plugin once for each seed, and for as long as the process lives. What it was asked for in vain is asked for again by
 *    whoever reads next.
 * 3. What the plugin's status is it is asked every minute, and every ten seconds while it is not well; those who ask for the health are told
 *    what was found a moment ago.
 */
import { randomBytes } from 'node:crypto';
import { GrpcError } from '../../../runtime/grpc.ts';
import type { Clock, Logger, Random, Service, Timer } from '../../../runtime/index.ts';
import { hashOf } from '../../config-reload.ts';
import { aesGcm, aggregate, extendedNonceGcm, type Opened, SEED_BYTES, TransformError, type Transformer } from '../transformers.ts';
import { checkKeySource, decodeObject, encodeObject, HKDF_SEED, type KeySource, keyIdProblem, sourceId } from './encrypted-object.ts';
import type { KmsMetrics } from './metrics.ts';
import { KmsPlugin, type PluginStatus } from './plugin.ts';

/** `kmsv2PluginHealthzPositiveInterval` and `…NegativeInterval`: between questions for the status. */
const WELL_POLL_MS = 60_000;
const UNWELL_POLL_MS = 10_000;
/** `kmsPluginHealthzPositiveTTL` and `…NegativeTTL`: how long an answer stands for the next one. */
const WELL_TTL_MS = 20_000;
const UNWELL_TTL_MS = 3000;
/** `kmsv2PluginWriteDEKSourceMaxTTL` */
const WRITE_TTL_MS = 3 * 60_000;
const VERSIONS = ['v2', 'v2beta1'];

export interface KmsOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly metrics: KmsMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What seals now. */
interface Seed extends KeySource {
  readonly transformer: Transformer;
  readonly uid: string;
  readonly expiresAtMs: number;
}

type Opener = Pick<Transformer, 'open'>;

export class KmsProvider implements Transformer, Service {
  readonly #options: KmsOptions;
  readonly #plugin: KmsPlugin;
  /** What opens values, by what its key was had of. There are as many as seeds that anything is sealed with: few. */
  readonly #openers = new Map<string, Opener>();
  /** Why the plugin did not decrypt a source when it was last asked. */
  readonly #refusals = new Map<string, string>();
  readonly #asking = new Map<string, Promise<void>>();
  #seed: Seed | undefined;
  #version: string | undefined;
  #last: { readonly problem: string | undefined; readonly untilMs: number } | undefined;
  #checking: Promise<string | undefined> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: KmsOptions) {
    const { name, endpoint, timeoutMs, clock, metrics } = options;
    const onCall = (path: string, code: string, tookMs: number) => metrics.called({ provider: name, path, code }, tookMs);
    this.#options = options;
    this.#plugin = new KmsPlugin({ endpoint, timeoutMs, clock, onCall });
  }

  /** Asks for the status, and goes on asking. That the plugin is away keeps nobody from starting. */
  async start(): Promise<void> {
    await this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#plugin.close();
    await Promise.all([this.#checking, ...this.#asking.values()]);
  }

  /** Stops once what is under way is done. */
  async retire(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.all([this.#checking, ...this.#asking.values()]);
    await this.stop();
  }

  /** Why the plugin is not well; undefined when it is. */
  check(): Promise<string | undefined> {
    if (this.#last && this.#options.clock.monotonic() < this.#last.untilMs) return Promise.resolve(this.#last.problem);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  seal(key: string, bytes: Buffer): Buffer {
    const { clock, metrics, name } = this.#options;
    const seed = this.#current();
    const nowMs = clock.now();
    if (nowMs > seed.expiresAtMs) {
      const at = `expired at ${goTime(seed.expiresAtMs)} (current time is ${goTime(nowMs)})`;
      throw new TransformError(`encryptedDEKSource with keyID hash "${hashOfAny(seed.keyId)}" ${at}`);
    }
    metrics.used('to_storage', { provider: name, keyId: seed.keyId }, nowMs);
    const { keyId, source, annotations, sourceType } = seed;
    return encodeObject({ data: seed.transformer.seal(key, bytes), keyId, source, annotations, sourceType });
  }

  open(key: string, sealed: Buffer): Opened {
    const { clock, metrics, name } = this.#options;
    const object = decodeObject(sealed);
    const now = this.#current();
    const id = sourceId(object);
    const opener = this.#openers.get(id);
    if (!opener) throw new TransformError(this.#refusals.get(id) ?? NOT_ASKED);
    metrics.used('from_storage', { provider: name, keyId: object.keyId }, clock.now());
    const { bytes, stale } = opener.open(key, object.data);
    return { bytes, stale: stale || object.keyId !== now.keyId || object.sourceType !== now.sourceType };
  }

  isLocked(sealed: Buffer): boolean {
    const source = sourceIn(sealed);
    return source !== undefined && (this.#seed === undefined || !this.#openers.has(sourceId(source)));
  }

  async unlock(sealed: readonly Buffer[]): Promise<void> {
    // Upstream, too, asks nothing before it knows the plugin's key.
    if (this.#seed === undefined) return;
    const sources = new Map(sealed.flatMap((value) => sourceIn(value) ?? []).map((source) => [sourceId(source), source]));
    await Promise.all([...sources].map(([id, source]) => (this.#openers.has(id) ? undefined : this.#askOnce(id, source))));
  }

  async #poll(): Promise<void> {
    const { clock, logger, name } = this.#options;
    const problem = await this.check();
    if (problem !== undefined) logger.warn({ provider: name, problem }, 'the key management plugin is not well');
    if (this.#stopped) return;
    this.#timer = clock.setTimer(problem === undefined ? WELL_POLL_MS : UNWELL_POLL_MS, () => void this.#poll());
  }

  async #check(): Promise<string | undefined> {
    const { clock, name } = this.#options;
    const [problem, told] = await this.#ask().then(
      (found) => [found, found],
      (error: unknown) => {
        const why = grpcMessage(error);
        return [why, `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${why}`];
      },
    );
    // Those who ask again within the time are told less, as upstream does.
    this.#last = { problem, untilMs: clock.monotonic() + (problem === undefined ? WELL_TTL_MS : UNWELL_TTL_MS) };
    return told;
  }

  /** @returns what is wrong. @throws GrpcError when there was no answer. */
  async #ask(): Promise<string | undefined> {
    const status = await this.#plugin.status();
    const wrong = [...this.#statusErrors(status)];
    const { metrics, name, clock } = this.#options;
    const problem = keyIdProblem(status.keyId);
    if (problem) {
      metrics.invalidKeyId(name, problem.code);
      wrong.push(`got invalid KMSv2 KeyID hash "${hashOfAny(status.keyId)}": ${problem.why}`);
    } else {
      metrics.told({ provider: name, keyId: status.keyId }, clock.now());
      wrong.push(...(await this.#follow(status.keyId)));
    }
    return wrong.length === 0 ? undefined : `kmsv2 Provider ${name} is not healthy, error: ${aggregate(wrong)}`;
  }

  #statusErrors({ healthz, version }: PluginStatus): string[] {
    const wrong = healthz === 'ok' ? [] : [`got unexpected healthz status: ${healthz}`];
    if (!VERSIONS.includes(version)) return [...wrong, `expected KMSv2 API version v2, got ${version}`];
    this.#version ??= version;
    if (this.#version === version) return wrong;
    return [...wrong, `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`];
  }

  /** A new seed when the plugin has another key; the present one is good for longer otherwise. `rotateDEKOnKeyIDChange`. */
  async #follow(keyId: string): Promise<string[]> {
    const { random, clock } = this.#options;
    const before = this.#seed;
    const expiresAtMs = clock.now() + WRITE_TTL_MS;
    if (before?.keyId === keyId) {
      this.#seed = { ...before, expiresAtMs };
      return [];
    }
    const uid = random.uuid();
    const made = await this.#makeSeed(uid).catch((error: unknown) =>
      error instanceof TransformError ? error.message : `failed to encrypt DEK, error: ${grpcMessage(error)}`,
    );
    if (typeof made !== 'string' && made.keyId === keyId) {
      this.#seed = { ...made, expiresAtMs };
      this.#learn(sourceId(made), made.transformer);
      return [];
    }
    const facts = {
      uid: JSON.stringify(uid),
      useSeed: true,
      errState: before ? '<nil>' : NO_SEED,
      errGen: typeof made === 'string' ? made : '<nil>',
      statusKeyIDHash: JSON.stringify(hashOfAny(keyId)),
      encryptKeyIDHash: JSON.stringify(typeof made === 'string' ? '' : hashOfAny(made.keyId)),
      stateKeyIDHash: JSON.stringify(before ? hashOfAny(before.keyId) : ''),
      expirationTimestamp: before ? goTime(before.expiresAtMs) : '0001-01-01T00:00:00Z',
    };
    return [
      `failed to rotate DEK ${Object.entries(facts)
        .map(([fact, value]) => `${fact}=${value}`)
        .join(', ')}`,
    ];
  }

  /** `GenerateTransformer` */
  async #makeSeed(uid: string): Promise<Omit<Seed, 'expiresAtMs'>> {
    const plain = randomBytes(SEED_BYTES);
    const { ciphertext: source, keyId, annotations } = await this.#plugin.encrypt(uid, plain);
    const seed = { keyId, source, annotations, sourceType: HKDF_SEED };
    checkKeySource(seed);
    return { ...seed, transformer: extendedNonceGcm(plain), uid };
  }

  /** @throws TransformError when there is none yet. */
  #current(): Seed {
    if (!this.#seed) throw new TransformError(NO_SEED);
    return this.#seed;
  }

  #askOnce(id: string, source: KeySource): Promise<void> {
    const asked = this.#asking.get(id) ?? this.#askFor(id, source).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asked);
    return asked;
  }

  async #askFor(id: string, source: KeySource): Promise<void> {
    this.#options.metrics.missed();
    try {
      const plain = await this.#plugin.decrypt(this.#options.random.uuid(), source);
      this.#learn(id, openerOf(source, plain));
    } catch (error) {
      if (error instanceof TransformError) this.#refusals.set(id, error.message);
      else this.#refusals.set(id, `failed to decrypt DEK, error: ${grpcMessage(error)}`);
    }
  }

  #learn(id: string, opener: Opener): void {
    this.#refusals.delete(id);
    this.#openers.set(id, opener);
    this.#options.metrics.held(this.#options.name, this.#openers.size);
  }
}

const NO_SEED = 'got unexpected nil transformer';
const NOT_ASKED = 'failed to decrypt DEK, error: the plugin was not asked yet';
const KEY_BYTES = [16, 24, 32];

function openerOf({ sourceType }: KeySource, plain: Buffer): Opener {
  if (sourceType === HKDF_SEED) return extendedNonceGcm(plain);
  if (!KEY_BYTES.includes(plain.length)) throw new TransformError(`crypto/aes: invalid key size ${plain.length}`);
  return aesGcm(plain);
}

/** What the key of a value is had by; undefined when that cannot be told: who opens it is told why. */
function sourceIn(sealed: Buffer): KeySource | undefined {
  try {
    return decodeObject(sealed);
  } catch (error) {
    if (error instanceof TransformError) return undefined;
    throw error;
  }
}

function grpcMessage(error: unknown): string {
  if (error instanceof GrpcError) return error.message;
  throw error;
}

/** Upstream's `GetHashIfNotEmpty`. */
const hashOfAny = (text: string): string => (text === '' ? '' : hashOf(text));

/** RFC 3339, to the second. */
const goTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
