// What upstream's tests of storage ask for beyond what all do.
import { startCluster } from '../../support/cluster.ts';
import { ClusterWorld, type Json, NamespaceScope } from '../world.ts';

export { conditionOf, inScope, type Json, MERGE, Refused } from '../world.ts';

/** The images that upstream's suite runs. */
export const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
export const BUSYBOX = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
export const PAUSE = 'registry.k8s.io/pause:3.10.1';

/** What upstream's pods do when they have nothing to do. */
export const WAIT = 'trap exit TERM; while true; do sleep 1; done';

/** Starts a cluster of three nodes. */
export const startWorld = async (): Promise<World> => new World(await startCluster({ nodes: 3, args: ['--ephemeral'] }));

export class World extends ClusterWorld {
  scope(): Promise<Scope> {
    return this.begin((namespace) => new Scope(this, namespace));
  }
}

/** One namespace, and what belongs to none under names that begin with its own. */
export class Scope extends NamespaceScope {
  declare readonly world: World;

  async end(resource: string, name: string, options?: object): Promise<void> {
    await this.remove(resource, name, options);
    await this.gone(resource, name);
  }

  phase(resource: string, name: string, ...phases: readonly string[]): Promise<Json> {
    return this.eventually(resource, name, ({ status }) => phases.includes(status.phase));
  }

  pod(name: string, spec: object, metadata: object = {}): Promise<Json> {
    return this.create('pods', { metadata: { name, ...metadata }, spec: { terminationGracePeriodSeconds: 1, ...spec } });
  }

  /** A pod that runs. */
  async running(name: string, spec: object, metadata: object = {}): Promise<Json> {
    await this.pod(name, spec, metadata);
    return await this.phase('pods', name, 'Running');
  }

  /** Waits until a container's log is as wanted. */
  says(pod: string, wanted: RegExp | string, container?: string): Promise<string> {
    const fits = (text: string) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
    return this.until(`${pod} never said ${wanted}`, () => this.log(pod, queryOf(container)), fits);
  }

  /** Runs a pod to its end, which must be good; answers the log of a container. */
  async outputOf(
    name: string,
    spec: object,
    { container, metadata = {} }: { container?: string; metadata?: object } = {},
  ): Promise<string> {
    await this.pod(name, { restartPolicy: 'Never', ...spec }, metadata);
    const { status } = await this.phase('pods', name, 'Succeeded', 'Failed');
    const log = await this.log(name, queryOf(container));
    if (status.phase !== 'Succeeded') throw new Error(`${name} failed: ${JSON.stringify(status)}\n${log}`);
    return log;
  }

  /** What a line of shell says in a container; it must not fail. */
  async shell(pod: string, line: string, container?: string): Promise<string> {
    const { stdout, stderr, status } = await this.exec(pod, ['/bin/sh', '-c', line], container);
    if (status.status !== 'Success') throw new Error(`${line}: ${stdout}${stderr} ${JSON.stringify(status)}`);
    return stdout;
  }
}

const queryOf = (container: string | undefined): string => (container === undefined ? '' : `?container=${container}`);

/** A container that runs mounttest, of the image that upstream's suite does most with. */
export const mounttest = (args: readonly string[], more: object = {}): object => ({
  name: 'test',
  image: AGNHOST,
  args: ['mounttest', ...args],
  ...more,
});

/** A container that waits, with volumes of the pod. */
export const waiting = (volumeMounts: readonly object[], more: object = {}): object => ({
  name: 'main',
  image: BUSYBOX,
  command: ['/bin/sh', '-c', WAIT],
  volumeMounts,
  ...more,
});
