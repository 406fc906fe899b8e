import type { KindInfo } from '../../api/index.ts';
import { type Clock, type Logger, type Random, type Service, UserError } from '../../runtime/index.ts';
import { StoreError } from '../../store/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../config-file.ts';
import { ConfigReload, type ConfigReloadOptions } from '../config-reload.ts';
import type { Sealing } from '../registry/stored-form.ts';
import { isSealed } from '../registry/stored-object.ts';
import { UnreadableObject } from '../registry/unreadable-object.ts';
import {
  ENCRYPTION_FORMAT,
  ENCRYPTION_OPTION,
  type EncryptionConfiguration,
  type KmsConfiguration,
  kmsTimeoutMs,
  kmsVersionOf,
  type ProviderConfiguration,
  parseGroupResource,
  validateEncryption,
} from './config.ts';
import { KmsMetrics } from './kms/metrics.ts';
import { KmsProvider } from './kms/provider.ts';
import { TransformationMetrics } from './transformation-metrics.ts';
import {
  aesCbc,
  aesGcm,
  aggregate,
  identity,
  type Opened,
  type Prefixed,
  prefixed,
  secretbox,
  TransformError,
  type Transformer,
} from './transformers.ts';

/** How often a file that may change is looked at: upstream's `EncryptionConfigFileChangePollDuration`. */
const POLL_MS = 60_000;

/** How long the plugins of a file that changed have to be well, at least, and how often they are asked: `validateNewTransformersHealth`. */
const WELL_WITHIN_MS = 10_000;
const WELL_POLL_MS = 100;
/** When plugins are asked again for what they did not decrypt, if nobody reads it before. */
const ASK_AGAIN_MS = 10_000;

export interface EncryptionOptions {
  /** `--encryption-provider-config` */
  readonly path: string;
  /** `--encryption-provider-config-automatic-reload` */
  readonly reload: boolean;
  /** Who this server is, as a hash; metrics name it. */
  readonly server?: string | undefined;
  /** Told how it went when the file had changed. */
  readonly onReload?: ConfigReloadOptions['onReload'];
  /** Told the hash of what the file says. */
  readonly onHash?: ConfigReloadOptions['onHash'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Kinds that are stored as they are whatever the file says: they are written as claims of other objects, in one transaction with these, and say
 * nothing but which address is whose (apiserver/registry/claims.ts). What kube-apiserver encrypted of them is read.
 */
const NEVER_SEALED: ReadonlySet<string> = new Set(['networking.k8s.io/ipaddresses']);

/** What a file asks for: transformers by `group/resource`, where either may be a star, and the plugins behind them. */
interface Providers {
  readonly transformers: ReadonlyMap<string, Transformer>;
  readonly plugins: readonly KmsProvider[];
  /** How long all plugins together may take to answer. */
  readonly timeoutMs: number;
}

/** What Secrets and whatever else is named are sealed with in the store, as the file has it now. */
export class Encryption implements Service {
  readonly #options: EncryptionOptions;
  readonly #reload: ConfigReload;
  readonly #stopped = new AbortController();
  readonly #metrics: KmsMetrics;
  readonly #transformations: TransformationMetrics;
  readonly #retired = new Set<Promise<void>>();
  #now: Providers;
  #changes = 0;

  /** @throws UserError when the file cannot be read or followed. */
  constructor(options: EncryptionOptions) {
    this.#options = options;
    const { path, clock, logger, onReload, onHash, server = '' } = options;
    this.#metrics = new KmsMetrics(server);
    this.#transformations = new TransformationMetrics(clock);
    const text = readConfigText(ENCRYPTION_OPTION, path);
    this.#now = this.#read(text);
    const apply = (changed: string) => this.#follow(this.#read(changed));
    this.#reload = new ConfigReload({ option: ENCRYPTION_OPTION, path, text, pollMs: POLL_MS, apply, onReload, onHash, clock, logger });
  }

  async start(): Promise<void> {
    await Promise.all(this.#now.plugins.map((plugin) => plugin.start()));
    if (this.#options.reload) await this.#reload.start();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#reload.stop(), ...this.#now.plugins.map((plugin) => plugin.stop()), ...this.#retired]);
  }

  /** The check `kms-providers` of the server's health; undefined where there is nothing to check. */
  get healthCheck(): { readonly name: string; check(): Promise<string | undefined> } | undefined {
    if (!this.#options.reload && this.#now.plugins.length === 0) return undefined;
    return { name: 'kms-providers', check: () => problemOf(this.#now) };
  }

  /** Metrics of the plugins, in Prometheus' text format. */
  metricsText(): string {
    return `${this.#metrics.text()}${this.#transformations.lines().join('\n')}\n`;
  }

  /** What a kind's objects are sealed with: always by the file's present content. */
  sealingOf({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): Sealing {
    // Events of either group lie in the same place (upstream's cohabitating resources).
    const home = group === 'events.k8s.io' ? '' : group;
    const now = (): Transformer =>
      this.#now.transformers.get(`${home}/${resource}`) ??
      this.#now.transformers.get(`${home}/*`) ??
      this.#now.transformers.get('*/*') ??
      identity;
    const name = home === '' ? resource : `${resource}.${home}`;
    const opened = (key: string, value: Buffer): Opened => {
      this.#transformations.resource = name;
      try {
        return now().open(key, value);
      } catch (error) {
        if (!(error instanceof TransformError)) throw error;
        throw new UnreadableObject({ key, why: error.message, sealed: true });
      }
    };
    const changes = () => this.#changes;
    const locks: Pick<Sealing, 'isLocked' | 'unlock' | 'later' | 'changes'> = {
      later: (work) => this.#options.clock.setTimer(ASK_AGAIN_MS, work),
      isLocked: ({ value }) => now().isLocked?.(value) ?? false,
      unlock: async (pairs) => now().unlock?.(pairs.map(({ value }) => value)),
      get changes() {
        return changes();
      },
    };
    if (NEVER_SEALED.has(`${home}/${resource}`)) {
      return {
        isOn: false,
        seal: (_key, bytes) => bytes,
        open: ({ key, value }) => (isSealed(value) ? opened(key, value).bytes : value),
        isStale: () => false,
        ...locks,
        isLocked: (pair) => isSealed(pair.value) && locks.isLocked(pair),
      };
    }
    return {
      ...locks,
      get isOn() {
        return now() !== identity;
      },
      get changes() {
        return changes();
      },
      seal: (key, bytes) => {
        this.#transformations.resource = name;
        try {
          return now().seal(key, bytes);
        } catch (error) {
          throw error instanceof TransformError ? new StoreError('Corrupt', error.message, { cause: error }) : error;
        }
      },
      open: ({ key, value }) => opened(key, value).bytes,
      isStale: ({ key, value }) => opened(key, value).stale,
    };
  }

  /** Looks at the file now. */
  check(): void {
    this.#reload.check();
  }

  /** Takes what a changed file asks for, once its plugins are well. */
  #follow(next: Providers): void | Promise<void> {
    return next.plugins.length === 0 ? this.#take(next) : this.#takeWhenWell(next);
  }

  #take(next: Providers): void {
    const before = this.#now;
    this.#now = next;
    this.#changes++;
    for (const plugin of before.plugins) {
      const retired = plugin.retire().finally(() => this.#retired.delete(retired));
      this.#retired.add(retired);
    }
  }

  async #takeWhenWell(next: Providers): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + Math.max(WELL_WITHIN_MS, 2 * next.timeoutMs);
    try {
      await Promise.all(next.plugins.map((plugin) => plugin.start()));
      for (let problem = await problemOf(next); problem !== undefined; problem = await problemOf(next)) {
        if (clock.monotonic() >= end) throw new UserError(`--${ENCRYPTION_OPTION}: health check for new transformers failed: ${problem}`);
        await clock.sleep(WELL_POLL_MS, this.#stopped.signal);
      }
    } catch (error) {
      for (const plugin of next.plugins) await plugin.stop();
      if (this.#stopped.signal.aborted) return;
      throw error;
    }
    this.#take(next);
  }

  #read(text: string): Providers {
    const { path, reload, clock, random, logger } = this.#options;
    const plugins: KmsProvider[] = [];
    let timeoutMs = 0;
    const openPlugin = (kms: KmsConfiguration): Prefixed => {
      if (kmsVersionOf(kms) !== 'v2') throw new UserError(`--${ENCRYPTION_OPTION}: ${NO_KMS_V1} (in ${path})`);
      const { name, endpoint } = kms;
      const pluginTimeoutMs = kmsTimeoutMs(kms) ?? 0;
      const plugin = new KmsProvider({ name, endpoint, timeoutMs: pluginTimeoutMs, metrics: this.#metrics, clock, random, logger });
      timeoutMs += pluginTimeoutMs;
      plugins.push(plugin);
      return { prefix: `k8s:enc:kms:v2:${name}:`, transformer: plugin };
    };
    return { transformers: transformersOf({ path, text, reload, metrics: this.#transformations, openPlugin }), plugins, timeoutMs };
  }
}

/** Upstream's words, but for those of the feature gate that brings it back there. */
const NO_KMS_V1 = 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.';

/** Why the plugins are not well; undefined when they are. One after the other, as upstream asks them. */
async function problemOf({ plugins }: Providers): Promise<string | undefined> {
  const problems: string[] = [];
  for (const [index, plugin] of plugins.entries()) {
    const problem = await plugin.check();
    if (problem !== undefined) problems.push(`kms-provider-${index}: ${problem}`);
  }
  return problems.length === 0 ? undefined : aggregate(problems);
}

interface Reading {
  readonly path: string;
  readonly text: string;
  readonly reload: boolean;
  readonly metrics: TransformationMetrics;
  openPlugin(kms: KmsConfiguration): Prefixed;
}

/** Transformers by `group/resource`, where either may be a star. */
function transformersOf({ path, text, reload, metrics, openPlugin }: Reading): ReadonlyMap<string, Transformer> {
  const config = parseConfig(ENCRYPTION_FORMAT, path, text);
  refuseConfig(ENCRYPTION_OPTION, path, validateEncryption(config, { reload }));
  const found = new Map<string, Prefixed[]>();
  for (const { names, providers } of rulesOf(config)) {
    const own = providers.map((provider) => transformerOf(provider, metrics, openPlugin));
    for (const name of names) {
      const { group, resource } = parseGroupResource(name);
      const mask = [`${group}/*`, '*/*'].find((rule) => found.has(rule));
      if (mask !== undefined) {
        const earlier = mask === '*/*' ? '*.*' : `*.${group}`;
        throw new UserError(`--${ENCRYPTION_OPTION}: resource "${name}" is masked by earlier rule "${earlier}" (in ${path})`);
      }
      found.set(`${group}/${resource}`, [...(found.get(`${group}/${resource}`) ?? []), ...own]);
    }
  }
  return new Map([...found].map(([name, every]) => [name, inOrder(every, 'no matching prefix found', metrics)]));
}

const rulesOf = ({ resources }: EncryptionConfiguration) =>
  (resources ?? []).map((rule) => ({ names: rule.resources ?? [], providers: rule.providers ?? [] }));

function transformerOf(
  { aescbc, aesgcm, secretbox: box, kms }: ProviderConfiguration,
  metrics: TransformationMetrics,
  openPlugin: (kms: KmsConfiguration) => Prefixed,
): Prefixed {
  if (kms) return openPlugin(kms);
  if (aescbc) return keyed('k8s:enc:aescbc:v1:', aescbc, { make: aesCbc, name: 'AES', metrics });
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', aesgcm, { make: aesGcm, name: 'AES', metrics });
  if (box) return keyed('k8s:enc:secretbox:v1:', box, { make: secretbox, name: 'Secretbox', metrics });
  return { prefix: '', transformer: identity };
}

type Keyed = NonNullable<ProviderConfiguration['aescbc']>;

interface Keying {
  readonly make: (secret: Buffer) => Transformer;
  readonly name: string;
  readonly metrics: TransformationMetrics;
}

/** A provider's keys, each with its name in the value. */
function keyed(prefix: string, { keys }: Keyed, { make, name, metrics }: Keying): Prefixed {
  const every = (keys ?? []).map((key) => ({ prefix: `${key.name}:`, transformer: make(Buffer.from(key.secret, 'base64')) }));
  return { prefix, transformer: inOrder(every, `no matching key was found for the provided ${name} transformer`, metrics) };
}

function inOrder(every: readonly Prefixed[], unknown: string, metrics: TransformationMetrics): Transformer {
  const [first, ...more] = every;
  if (!first) throw new Error('validation lets nothing through that is empty');
  return prefixed([first, ...more], unknown, metrics);
}
