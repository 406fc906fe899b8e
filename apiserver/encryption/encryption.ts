import type { KindInfo } from '../../api/index.ts';
import { type Clock, type Logger, type Service, UserError } from '../../runtime/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../config-file.ts';
import { ConfigReload } from '../config-reload.ts';
import type { Sealing } from '../registry/stored-form.ts';
import { isSealed, sealedError } from '../registry/stored-object.ts';
import {
  ENCRYPTION_FORMAT,
  ENCRYPTION_OPTION,
  type EncryptionConfiguration,
  type ProviderConfiguration,
  parseGroupResource,
  validateEncryption,
} from './config.ts';
import {
  aesCbc,
  aesGcm,
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

export interface EncryptionOptions {
  /** `--encryption-provider-config` */
  readonly path: string;
  /** `--encryption-provider-config-automatic-reload` */
  readonly reload: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Kinds that are stored as they are whatever the file says: they are written as claims of other objects, in one transaction with these, and say
 * nothing but which address is whose (apiserver/registry/claims.ts). What kube-apiserver encrypted of them is read.
 */
const NEVER_SEALED: ReadonlySet<string> = new Set(['networking.k8s.io/ipaddresses']);

type Transformers = ReadonlyMap<string, Transformer>;

/** What Secrets and whatever else is named are sealed with in the store, as the file has it now. */
export class Encryption implements Service {
  readonly #options: EncryptionOptions;
  readonly #reload: ConfigReload;
  #transformers: Transformers;

  /** @throws UserError when the file cannot be read or followed. */
  constructor(options: EncryptionOptions) {
    this.#options = options;
    const { path, clock, logger } = options;
    const text = readConfigText(ENCRYPTION_OPTION, path);
    this.#transformers = transformersOf(path, text);
    const apply = (changed: string) => {
      this.#transformers = transformersOf(path, changed);
    };
    this.#reload = new ConfigReload({ option: ENCRYPTION_OPTION, path, text, pollMs: POLL_MS, apply, clock, logger });
  }

  start(): Promise<void> {
    return this.#options.reload ? this.#reload.start() : Promise.resolve();
  }

  stop(): Promise<void> {
    return this.#reload.stop();
  }

  /** What a kind's objects are sealed with: always by the file's present content. */
  sealingOf({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): Sealing {
    // Events of either group lie in the same place (upstream's cohabitating resources).
    const home = group === 'events.k8s.io' ? '' : group;
    const now = () =>
      this.#transformers.get(`${home}/${resource}`) ?? this.#transformers.get(`${home}/*`) ?? this.#transformers.get('*/*') ?? identity;
    const opened = (key: string, value: Buffer): Opened => {
      try {
        return now().open(key, value);
      } catch (error) {
        if (!(error instanceof TransformError)) throw error;
        throw sealedError(key, error.message);
      }
    };
    if (NEVER_SEALED.has(`${home}/${resource}`)) {
      return {
        isOn: false,
        seal: (_key, bytes) => bytes,
        open: ({ key, value }) => (isSealed(value) ? opened(key, value).bytes : value),
        isStale: () => false,
      };
    }
    return {
      get isOn() {
        return now() !== identity;
      },
      seal: (key, bytes) => now().seal(key, bytes),
      open: ({ key, value }) => opened(key, value).bytes,
      isStale: ({ key, value }) => opened(key, value).stale,
    };
  }

  /** Looks at the file now. */
  check(): void {
    this.#reload.check();
  }
}

/** Transformers by `group/resource`, where either may be a star. */
function transformersOf(path: string, text: string): Transformers {
  const config = parseConfig(ENCRYPTION_FORMAT, path, text);
  refuseConfig(ENCRYPTION_OPTION, path, validateEncryption(config));
  const found = new Map<string, Prefixed[]>();
  for (const { names, providers } of rulesOf(config)) {
    const own = providers.map(transformerOf);
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
  return new Map([...found].map(([name, every]) => [name, inOrder(every, 'no matching prefix found')]));
}

const rulesOf = ({ resources }: EncryptionConfiguration) =>
  (resources ?? []).map((rule) => ({ names: rule.resources ?? [], providers: rule.providers ?? [] }));

function transformerOf({ aescbc, aesgcm, secretbox: box }: ProviderConfiguration): Prefixed {
  if (aescbc) return keyed('k8s:enc:aescbc:v1:', aescbc, { make: aesCbc, name: 'AES' });
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', aesgcm, { make: aesGcm, name: 'AES' });
  if (box) return keyed('k8s:enc:secretbox:v1:', box, { make: secretbox, name: 'Secretbox' });
  return { prefix: '', transformer: identity };
}

type Keyed = NonNullable<ProviderConfiguration['aescbc']>;

/** A provider's keys, each with its name in the value. */
function keyed(prefix: string, { keys }: Keyed, { make, name }: { make: (secret: Buffer) => Transformer; name: string }): Prefixed {
  const every = (keys ?? []).map((key) => ({ prefix: `${key.name}:`, transformer: make(Buffer.from(key.secret, 'base64')) }));
  return { prefix, transformer: inOrder(every, `no matching key was found for the provided ${name} transformer`) };
}

function inOrder(every: readonly Prefixed[], unknown: string): Transformer {
  const [first, ...more] = every;
  if (!first) throw new Error('validation lets nothing through that is empty');
  return prefixed([first, ...more], unknown);
}
