import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, keepPrivateDirectory, OptionError, type OptionValues, type Service, UserError } from '../runtime/index.ts';
import { checkAlone } from './accepted-options.ts';
import { createEtcdEndpoint, ENDPOINT_DEFAULTS, type EndpointTls, MemberFile } from './endpoint/index.ts';
import { type AutoCompactionPolicy, createAutoCompaction, openLevelStore, readAutoCompaction, type Store, StoreError } from './index.ts';
import type { storeOptions } from './options.ts';

export type StoreValues = OptionValues<typeof storeOptions>;

/** etcd's shortest (server/etcdserver/api/v3rpc/watch.go, `minWatchProgressInterval`). */
const PROGRESS_MS_MIN = 100;
/** Beside the folder of the database, which is the database's alone. */
const MEMBER_FILE = 'store-member.json';

/**
 * The store as a process: the database of a data directory behind etcd's API. It opens the database that the API server has in that directory, which
 * is held by one process at a time.
 *
 * @throws OptionError, UserError when the options cannot be followed.
 */
export function composeStore(values: StoreValues, environment: Environment): Service {
  checkAlone(values);
  const compaction = readAutoCompaction(values);
  if (values['listen-client-urls'].length === 0) throw new OptionError('option --listen-client-urls needs at least one URL');
  return new ComposedStore({ values, environment, compaction, tls: tlsOf(values) });
}

interface Parts {
  readonly values: StoreValues;
  readonly environment: Environment;
  readonly compaction: AutoCompactionPolicy | undefined;
  readonly tls: EndpointTls | undefined;
}

class ComposedStore implements Service {
  readonly #parts: Parts;
  /** What was started, to be stopped in the opposite order. */
  readonly #running: Pick<Service, 'stop'>[] = [];
  #url: string | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get url(): string | undefined {
    return this.#url;
  }

  async start(): Promise<void> {
    try {
      const store = await this.#openStore();
      const { compaction, environment } = this.#parts;
      if (compaction) await this.#run(createAutoCompaction({ ...compaction, store, ...environment }));
      const endpoint = await this.#createEndpoint(store);
      await this.#run(endpoint);
      this.#url = endpoint.url;
      process.stdout.write(`nanokube store is ready on ${endpoint.urls.join(', ')}, at revision ${store.revision}\n`);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#running.splice(0).reverse()) await service.stop();
  }

  async #run(service: Service): Promise<void> {
    this.#running.push(service);
    await service.start();
  }

  async #openStore(): Promise<Store> {
    const { values, environment } = this.#parts;
    const directory = values['data-dir'];
    try {
      const database = join(directory, 'store');
      keepPrivateDirectory(database);
      const store = await openLevelStore({ directory: database, ...environment });
      this.#running.push({ stop: () => store.close() });
      return store;
    } catch (error) {
      if (error instanceof StoreError) throw new UserError(error.message, { cause: error });
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`the data directory ${directory} cannot be used (${why}); give another with --data-dir`, { cause: error });
    }
  }

  async #createEndpoint(store: Store) {
    const { values, environment, tls } = this.#parts;
    const file = new MemberFile(join(values['data-dir'], MEMBER_FILE));
    const advertised = values['advertise-client-urls'];
    return createEtcdEndpoint({
      store,
      listenClientUrls: values['listen-client-urls'],
      advertiseClientUrls: advertised.length > 0 ? advertised : undefined,
      tls,
      name: values.name,
      member: await file.load(environment.random),
      saveMember: (member) => file.save(member),
      limits: { requestBytesMax: values['max-request-bytes'], transactionOpsMax: values['max-txn-ops'] },
      quotaBytes: quotaOf(values['quota-backend-bytes']),
      progressIntervalMs: Math.max(values['watch-progress-notify-interval'], PROGRESS_MS_MIN),
      ...environment,
    });
  }
}

function quotaOf(bytes: number): number | undefined {
  if (bytes < 0) return undefined;
  return bytes === 0 ? ENDPOINT_DEFAULTS.quotaBytes : bytes;
}

function tlsOf(values: StoreValues): EndpointTls | undefined {
  const { 'cert-file': cert, 'key-file': key, 'trusted-ca-file': ca, 'client-cert-auth': clientCertAuth } = values;
  if ((cert === undefined) !== (key === undefined)) throw new OptionError('options --cert-file and --key-file go together');
  if (cert === undefined || key === undefined) {
    if (ca !== undefined || clientCertAuth)
      throw new OptionError('options --trusted-ca-file and --client-cert-auth need --cert-file and --key-file');
    return undefined;
  }
  return {
    cert: readPem('cert-file', cert),
    key: readPem('key-file', key),
    clientCa: ca === undefined ? undefined : readPem('trusted-ca-file', ca),
    clientCertAuth,
  };
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`--${name}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
