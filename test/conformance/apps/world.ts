// What upstream's tests of workloads and of kubectl ask for beyond what all do.
import { findKubectls, type Kubectl, kubectlOf, startCluster, type TestCluster } from '../../support/cluster.ts';
import { ClusterWorld, type Json, NamespaceScope, Refused, shown, WAIT_MS_MAX, type WatchEvent } from '../world.ts';

export { inScope, type Json, MERGE } from '../world.ts';

/** The images that upstream's suite runs. */
export const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.55';
export const HTTPD = 'registry.k8s.io/e2e-test-images/httpd:2.4.38-4';
export const HTTPD_NEWER = 'registry.k8s.io/e2e-test-images/httpd:2.4.39-4';
export const NGINX = 'registry.k8s.io/e2e-test-images/nginx:1.14-4';
export const BUSYBOX = 'registry.k8s.io/e2e-test-images/busybox:1.36.1-1';
export const PAUSE = 'registry.k8s.io/pause:3.10.1';

/** How often something is looked at: five tests look at once, and a look is work for the server. */
const POLL_MS = 200;

/** Starts a cluster of three nodes. */
export const startWorld = async (): Promise<World> => new World(await startCluster({ nodes: 3, args: ['--ephemeral'] }));

export class World extends ClusterWorld {
  /** The newest there is. */
  readonly kubectl: Kubectl;

  constructor(cluster: TestCluster) {
    super(cluster);
    this.kubectl = kubectlOf(findKubectls().at(-1) ?? 'kubectl', cluster.kubeconfig);
  }

  scope(): Promise<Scope> {
    return this.begin((namespace) => new Scope(this, namespace));
  }
}

export class Scope extends NamespaceScope {
  declare readonly world: World;

  /** What was refused may be allowed later; what the look itself asks for must hold always. */
  override async until<T>(what: string, look: () => Promise<T>, wanted: (value: T) => unknown = Boolean): Promise<T> {
    const end = Date.now() + WAIT_MS_MAX;
    for (;;) {
      const value = await look().catch((error: unknown) => {
        if (error instanceof Refused) return error;
        throw error;
      });
      if (!(value instanceof Refused) && wanted(value)) return value;
      if (Date.now() > end) throw new Error(`${what}, last: ${value instanceof Refused ? value.message : shown(value)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Waits until so many pods of a selector run, and no others are there. */
  running(labelSelector: string, count: number): Promise<Json[]> {
    const look = async () => (await this.items('pods', labelSelector)).filter(({ metadata }) => !metadata.deletionTimestamp);
    return this.until(
      `${count} pods of ${labelSelector} never ran`,
      look,
      (pods) => pods.length === count && pods.every(({ status }) => status.phase === 'Running'),
    );
  }

  /** Watches from a revision until an event is as wanted; returns all that came. */
  watch(
    resource: string,
    { resourceVersion, selector = '', fields = '' }: { resourceVersion: string; selector?: string; fields?: string },
    wanted: (event: WatchEvent) => boolean,
  ): Promise<WatchEvent[]> {
    return this.world.watch(this.path(resource), { resourceVersion, labelSelector: selector, fieldSelector: fields }, wanted);
  }

  kubectl(...args: string[]): Promise<string> {
    return this.world.kubectl('-n', this.namespace, ...args).catch((error: Error) => {
      throw new Refused(0, error.message);
    });
  }

  /** Runs a line in the first container of a pod. */
  shell(pod: string, line: string): Promise<string> {
    return this.kubectl('exec', pod, '--', '/bin/sh', '-x', '-c', line);
  }
}

/** Who controls an object. */
export const controllerOf = (object: Json): Json => (object.metadata.ownerReferences ?? []).find((owner: Json) => owner.controller);
