import { isNotFound, type KindInfo, type KubeObject, keyOf, type Live } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';

/** Whether the server, too, has this very object, and it is not being deleted. */
export async function isAlive(
  client: ApiClient,
  kind: KindInfo,
  { metadata: { name, namespace, uid } }: Live<KubeObject>,
): Promise<boolean> {
  try {
    const { metadata } = await client.resource<KubeObject>(kind).get(name, { namespace });
    return metadata.uid === uid && !metadata.deletionTimestamp;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/**
 * Owners that lost children. The cache of owners may lag behind that of children: an owner whose deletion is not known yet would replace
 * what the garbage collector takes from it, again and again. So the server is asked before children are made in the place of others; not
 * before the first ones are made.
 */
export class Losses {
  readonly #client: ApiClient;
  readonly #kind: KindInfo;
  /** Keys of those that lost some since the server was asked. */
  readonly #owners = new Set<string>();

  /** @param kind of the owners. */
  constructor(client: ApiClient, kind: KindInfo) {
    this.#client = client;
    this.#kind = kind;
  }

  /** A child is going, or gone. */
  note(owner: string): void {
    this.#owners.add(owner);
  }

  /** Whether the owner may have children made: it lost none, or the server says that it lives. */
  async mayReplace(owner: Live<KubeObject>): Promise<boolean> {
    const key = keyOf(owner);
    if (!this.#owners.delete(key)) return true;
    let lives = false;
    try {
      lives = await isAlive(this.#client, this.#kind, owner);
    } finally {
      if (!lives) this.#owners.add(key);
    }
    return lives;
  }

  /** The owner is gone from the cache. */
  forget(owner: string): void {
    this.#owners.delete(owner);
  }
}
