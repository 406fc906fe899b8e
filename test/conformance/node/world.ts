// What upstream's tests of nodes ask for beyond what all do.
import { startCluster } from '../../support/cluster.ts';
import { ClusterWorld, conditionOf, type Json, NamespaceScope, type WatchEvent } from '../world.ts';

export { conditionOf, inScope, type Json, MERGE, STRATEGIC, type WatchEvent } from '../world.ts';

/** The images that upstream's suite runs. */
const E2E = 'registry.k8s.io/e2e-test-images';
export const AGNHOST = `${E2E}/agnhost:2.56`;
export const BUSYBOX = `${E2E}/busybox:1.37.0-1`;
export const HTTPD = `${E2E}/httpd:2.4.38-4`;
export const NGINX = `${E2E}/nginx:1.14-4`;
export const NO_NEW_PRIVILEGES = `${E2E}/nonewprivs:1.3`;
export const NON_ROOT = `${E2E}/nonroot:1.4`;
export const PAUSE = 'registry.k8s.io/pause:3.10.1';

/** Starts a cluster of three nodes. */
export const startWorld = async (): Promise<World> => new World(await startCluster({ nodes: 3, args: ['--ephemeral'] }));

export class World extends ClusterWorld {
  scope(): Promise<Scope> {
    return this.begin((namespace) => new Scope(this, namespace));
  }
}

export class Scope extends NamespaceScope {
  declare readonly world: World;

  /** Makes a pod of one container, or of those that `spec` has. */
  pod(name: string, container: object, spec: object = {}, metadata: object = {}): Promise<Json> {
    const containers = [{ name: 'main', image: BUSYBOX, ...container }];
    return this.create('pods', { metadata: { name, ...metadata }, spec: { containers, ...spec } });
  }

  /** As {@link pod}, and waits until it runs and is ready. */
  async runningPod(name: string, container: object, spec: object = {}, metadata: object = {}): Promise<Json> {
    await this.pod(name, container, spec, metadata);
    return await this.ready(name);
  }

  ready(name: string): Promise<Json> {
    return this.eventually('pods', name, (pod) => conditionOf(pod, 'Ready')?.status === 'True');
  }

  phase(name: string, ...phases: readonly string[]): Promise<Json> {
    return this.eventually('pods', name, ({ status }) => phases.includes(status.phase));
  }

  /** Runs a pod to its end; answers its log. */
  async outputOf(name: string, container: object, spec: object = {}, metadata: object = {}): Promise<string> {
    await this.pod(name, container, { restartPolicy: 'Never', ...spec }, metadata);
    const { status } = await this.phase(name, 'Succeeded', 'Failed');
    const log = await this.log(name);
    if (status.phase !== 'Succeeded') throw new Error(`${name} failed: ${JSON.stringify(status)}\n${log}`);
    return log;
  }

  /** Watches this namespace's objects until an event is as wanted; returns all that came. */
  watch(resource: string, query: Readonly<Record<string, string>>, wanted: (event: WatchEvent) => boolean): Promise<WatchEvent[]> {
    return this.world.watch(this.path(resource), query, wanted);
  }
}

export const script = (text: string): { readonly command: readonly string[] } => ({ command: ['sh', '-c', text] });
