import { join } from 'node:path';
import { type Environment, keepPrivateDirectory, makePrivateDirectory, UserError } from '../runtime/index.ts';
import { openEtcdStore, openLevelStore, openMemoryStore, type Store, StoreError } from '../store/index.ts';
import { dataDirectoryOf } from './data-directory.ts';
import { type ApiServerValues, readPem, type StoreOverrideSetting, storeOverrides } from './settings.ts';

/** A store that is open, and what is in it, as `group/resource`. */
export interface OpenOverride {
  readonly resources: readonly string[];
  readonly store: Store;
}

/**
 * Opens the store that the options name: etcd, a database in the data directory, or one in memory.
 *
 * @param signal ends the wait for an etcd that does not answer.
 * @throws UserError
 */
export async function openStore(values: ApiServerValues, environment: Environment, signal: AbortSignal): Promise<Store> {
  const directory = dataDirectoryOf(values);
  try {
    makePrivateDirectory(directory);
    if (values['etcd-servers'].length > 0) return await openEtcd(values, environment, signal);
    const { clock, logger } = environment;
    if (values.ephemeral) return await openMemoryStore();
    const database = join(directory, 'store');
    keepPrivateDirectory(database);
    return await openLevelStore({ directory: database, clock, logger });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw error instanceof StoreError ? new UserError(error.message, { cause: error }) : unusable(directory, error);
  }
}

/** The stores that some kinds have of their own: `--etcd-servers-overrides`. Rejects as {@link openStore}. */
export function openOverrides(values: ApiServerValues, environment: Environment, signal: AbortSignal): Promise<OpenOverride[]> {
  const open = async ({ resources, servers }: StoreOverrideSetting): Promise<OpenOverride> => {
    try {
      return { resources, store: await openEtcd({ ...values, 'etcd-servers': [...servers] }, environment, signal) };
    } catch (error) {
      throw new UserError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  };
  return Promise.all(storeOverrides(values['etcd-servers-overrides']).map(open));
}

function openEtcd(values: ApiServerValues, { clock, random, logger }: Environment, signal: AbortSignal): Promise<Store> {
  const pem = (name: 'etcd-cafile' | 'etcd-certfile' | 'etcd-keyfile') => {
    const path = values[name];
    return path === undefined ? undefined : readPem(name, path);
  };
  const endpoints = values['etcd-servers'];
  const isSecure = endpoints.some((endpoint) => endpoint.startsWith('https:'));
  const tls = { ca: pem('etcd-cafile'), cert: pem('etcd-certfile'), key: pem('etcd-keyfile') };
  return openEtcdStore({ endpoints, tls: isSecure ? tls : undefined, clock, random, logger, signal });
}

function unusable(directory: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return new UserError(`the data directory ${directory} cannot be used (${why}); give another with --data-dir`, { cause: error });
}
