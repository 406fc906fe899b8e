// Pods that a node runs from files, whatever the API server says, and their mirrors there (upstream `pkg/kubelet/config/file.go`,
// `pkg/kubelet/pod/mirror_client.go`).
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { coreKinds, type Draft, isAlreadyExists, isConflict, isNotFound, type Node, type Pod, parseYaml, toTime } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { untilGone } from './preemption.ts';

const MIRROR = 'kubernetes.io/config.mirror';
/** How often files are looked at: `--file-check-frequency`. */
const CHECK_MS = 20_000;

/** The hash of the manifest that a mirror pod is of; undefined for a pod that is no mirror. */
export const mirrorHash = ({ metadata }: Pick<Pod, 'metadata'>): string | undefined => metadata.annotations?.[MIRROR];

/** A pod of the node's, which may be a static one. */
type Static = Pick<PodWorker, 'pod' | 'isActive' | 'remove'>;

export interface MirrorParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Whether the node has manifests that are still to be read when it starts. */
  readonly followsManifests: boolean;
  readonly node: () => Pick<Node, 'metadata'> | undefined;
  /** The node's pods, by uid. */
  readonly workers: ReadonlyMap<string, Static>;
}

/** The mirrors of one node's static pods: there for as long as their manifests are. */
export class Mirrors {
  readonly #parts: MirrorParts;
  /** Names of static pods whose file has changed or gone, and that have not ended: their mirrors stay as long. */
  readonly #ending = new Set<string>();
  /** Undefined while it is not known. */
  #wanted: ReadonlyMap<string, Draft<Pod>> | undefined;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#wanted = parts.followsManifests ? undefined : new Map();
  }

  /** Whether a pod is the mirror of a manifest that is still there. */
  isKept(pod: Pick<Pod, 'metadata'>): boolean {
    return this.#wanted?.has(mirrorHash(pod) ?? '') === true;
  }

  /** Whether a pod is a mirror of nothing: no node runs it. Upstream: `deleteOrphanedMirrorPods`, `pkg/kubelet/kubelet_pods.go`. */
  isOrphan(pod: Pick<Pod, 'metadata'>): boolean {
    return this.#wanted !== undefined && mirrorHash(pod) !== undefined && !this.isKept(pod);
  }

  /** Says which manifests there are, by hash: mirrors of others that go do not come back. */
  want(manifests: ReadonlyMap<string, Draft<Pod>>): void {
    this.#wanted = manifests;
  }

  /** Ends static pods that have no manifest any more, and makes the mirrors that are not there. */
  async settle(signal: AbortSignal): Promise<void> {
    const { logger, nodeName, workers } = this.#parts;
    const present = new Set<string | undefined>();
    for (const worker of workers.values()) {
      present.add(mirrorHash(worker.pod));
      if (!this.isOrphan(worker.pod)) continue;
      this.#end(worker, signal).catch((error: unknown) => {
        if (!signal.aborted) logger.error({ err: error, node: nodeName, pod: worker.pod.metadata.name }, 'static pod not ended');
      });
    }
    for (const [hash, { metadata }] of this.#wanted ?? [])
      if (!present.has(hash) && !this.#ending.has(metadata.name ?? '')) await this.create(hash);
  }

  /** A mirror goes when its pod has ended; what has its name by now comes after it. */
  async #end(worker: Static, signal: AbortSignal): Promise<void> {
    const { name } = worker.pod.metadata;
    if (this.#ending.has(name)) return;
    this.#ending.add(name);
    try {
      worker.remove();
      await untilGone([worker], this.#parts.clock, signal);
      await this.clear(worker.pod, signal);
    } finally {
      this.#ending.delete(name);
    }
    for (const [hash, { metadata }] of this.#wanted ?? []) if (metadata.name === name) await this.create(hash);
  }

  /** Makes a mirror, anew if there is one of an older manifest. */
  async create(hash: string): Promise<void> {
    const { client, logger, nodeName } = this.#parts;
    const manifest = this.#wanted?.get(hash);
    const pods = client.resource<Pod>(coreKinds.pods);
    if (!manifest) return;
    const { name = '', namespace } = manifest.metadata;
    try {
      await pods.create(this.#mirrorOf(manifest, hash));
    } catch (error) {
      if (!isAlreadyExists(error)) {
        logger.warn({ err: error, node: nodeName, pod: name }, 'mirror pod not created, will retry');
        return;
      }
      const existing = await pods.get(name, { namespace });
      if (mirrorHash(existing) !== hash && mirrorHash(existing) !== undefined) await this.remove(existing);
    }
  }

  async remove({ metadata: { name = '', namespace, uid } }: Pick<Pod, 'metadata'>): Promise<void> {
    try {
      await this.#parts.client.resource<Pod>(coreKinds.pods).delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Removes a mirror of nothing, however often it takes. */
  async clear(pod: Pick<Pod, 'metadata'>, signal: AbortSignal): Promise<void> {
    const { clock, logger, nodeName } = this.#parts;
    for (;;) {
      try {
        await this.remove(pod);
        return;
      } catch (error) {
        logger.warn({ err: error, node: nodeName, pod: pod.metadata.name }, 'mirror pod not removed, will retry');
      }
      await clock.sleep(CHECK_MS, signal);
    }
  }

  #mirrorOf({ metadata, spec, ...rest }: Draft<Pod>, hash: string): Draft<Pod> {
    const { clock, nodeName, node } = this.#parts;
    const uid = node()?.metadata.uid;
    return {
      ...rest,
      metadata: {
        ...metadata,
        annotations: {
          ...metadata.annotations,
          'kubernetes.io/config.hash': hash,
          [MIRROR]: hash,
          'kubernetes.io/config.seen': toTime(clock.now()),
          'kubernetes.io/config.source': 'file',
        },
        ...(uid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid, controller: true }] } : {}),
      },
      spec: { ...spec, nodeName, tolerations: [...(spec?.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }] },
    };
  }
}

/** A node that runs static pods. */
interface StaticNode {
  readonly name: string;
  setStaticPods(pods: ReadonlyMap<string, Draft<Pod>>): Promise<void>;
}

export interface ManifestOptions {
  readonly directory: string;
  readonly nodes: () => Iterable<StaticNode>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Follows a directory of manifests: those in it are for every node, those in a directory named after a node for that node. */
export async function followManifests({ directory, nodes, clock, logger }: ManifestOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    const common = await readManifests(directory, logger);
    for (const node of nodes()) {
      const own = await readManifests(join(directory, node.name), logger);
      try {
        await node.setStaticPods(new Map([...common, ...own].map((manifest) => staticPod(manifest, node.name))));
      } catch (error) {
        logger.warn({ err: error, node: node.name }, 'static pods not set, will retry');
      }
      signal.throwIfAborted();
    }
    await clock.sleep(CHECK_MS, signal);
  }
}

function staticPod(manifest: Draft<Pod>, nodeName: string): readonly [hash: string, pod: Draft<Pod>] {
  const hash = createHash('md5').update(nodeName).update(JSON.stringify(manifest)).digest('hex');
  const { name = '', namespace = 'default' } = manifest.metadata;
  return [hash, { ...manifest, metadata: { ...manifest.metadata, name: `${name}-${nodeName}`, namespace } }];
}

/** Every file is one, whatever its name, unless it is hidden. Upstream: `extractFromDir`. */
async function readManifests(directory: string, logger: Logger): Promise<Draft<Pod>[]> {
  const names = await readdir(directory).catch(() => []); // none: there need not be one for every node
  const found: Draft<Pod>[] = [];
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const path = join(directory, name);
    try {
      if (!(await stat(path)).isFile()) continue;
      const pod = podOf(parseYaml(await readFile(path, 'utf8')));
      if (pod) found.push(pod);
      else logger.warn({ path }, 'a manifest is no Pod, and is passed over');
    } catch (error) {
      logger.warn({ err: error, path }, 'a manifest cannot be read, and is passed over');
    }
  }
  return found;
}

/** A manifest, if it is a Pod's. */
function podOf(manifest: unknown): Draft<Pod> | undefined {
  const isPod = (value: unknown): value is Draft<Pod> =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Pod';
  return isPod(manifest) && manifest.metadata?.name ? manifest : undefined;
}
