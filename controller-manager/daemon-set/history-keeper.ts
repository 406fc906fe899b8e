import {
  appsKinds,
  type ControllerRevision,
  coreKinds,
  type DaemonSet,
  fromLabelSelector,
  isAlreadyExists,
  isNotFound,
  type Live,
  type Pod,
} from '../../api/index.ts';
import { type ApiClient, type Informer, newControllerRef } from '../../client/index.ts';
import { BY_CONTROLLER, ORPHANS } from '../informers.ts';
import { canonicalJson } from '../shared/equality.ts';
import { planClaim } from '../shared/owners.ts';
import { OwnerControl } from '../shared/pod-control.ts';
import { type HistoryPlan, outdatedRevisions, planHistory, REVISION_HASH, revisionData } from './history.ts';

const KIND = appsKinds.daemonsets;

/** Writes a DaemonSet's ControllerRevisions: one for each template it had. */
export class HistoryKeeper {
  readonly #client: ApiClient;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #owners: OwnerControl;

  constructor(client: ApiClient, revisions: Informer<ControllerRevision>) {
    this.#client = client;
    this.#revisions = revisions;
    this.#owners = new OwnerControl(client, KIND, appsKinds.controllerrevisions);
  }

  /** Sees to it that the present template has its revision, with the highest number. */
  async sync(daemonSet: Live<DaemonSet>, pods: () => readonly Live<Pod>[]): Promise<HistoryPlan> {
    const plan = planHistory(daemonSet, await this.#claim(daemonSet));
    if (!plan.current) await this.#create(daemonSet, plan);
    else if (plan.current.revision < plan.revision) await this.#resource.update({ ...plan.current, revision: plan.revision });
    if (plan.duplicates.length) await this.#mergeDuplicates(plan, pods());
    return plan;
  }

  /** Deletes the oldest revisions beyond the limit that no pod is from. */
  async clean(daemonSet: Live<DaemonSet>, { old }: HistoryPlan, pods: readonly Live<Pod>[]): Promise<void> {
    const inUse = new Set(pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH] ?? ''));
    await Promise.all(outdatedRevisions(daemonSet, old, inUse).map((revision) => this.#delete(revision)));
  }

  get #resource() {
    return this.#client.resource<ControllerRevision>(appsKinds.controllerrevisions);
  }

  async #claim(daemonSet: Live<DaemonSet>): Promise<Live<ControllerRevision>[]> {
    const { namespace = '', uid } = daemonSet.metadata;
    const candidates = [...this.#revisions.byIndex(BY_CONTROLLER, uid), ...this.#revisions.byIndex(ORPHANS, namespace)];
    const { owned, adopt, release } = planClaim(daemonSet, fromLabelSelector(daemonSet.spec.selector), candidates);
    await this.#owners.release(daemonSet, release);
    return [...owned, ...(await this.#owners.adopt(daemonSet, adopt))];
  }

  async #create(daemonSet: Live<DaemonSet>, { hash, revision }: HistoryPlan): Promise<void> {
    const { name, namespace, annotations } = daemonSet.metadata;
    try {
      await this.#resource.create({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: `${name}-${hash}`,
          namespace,
          labels: { ...daemonSet.spec.template.metadata?.labels, [REVISION_HASH]: hash },
          annotations,
          ownerReferences: [newControllerRef(daemonSet, KIND)],
        },
        data: revisionData(daemonSet),
        revision,
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await this.#meet(daemonSet, `${name}-${hash}`, error);
    }
  }

  /** There is a revision of this name: it is of this template, seen late, or the hash collided with that of another one. */
  async #meet(daemonSet: Live<DaemonSet>, name: string, error: unknown): Promise<void> {
    const other = await this.#resource.get(name, { namespace: daemonSet.metadata.namespace });
    if (canonicalJson(other.data) === canonicalJson(revisionData(daemonSet))) return;
    const collisionCount = (daemonSet.status.collisionCount ?? 0) + 1;
    await this.#client.resource<DaemonSet>(KIND).updateStatus({ ...daemonSet, status: { ...daemonSet.status, collisionCount } });
    throw error;
  }

  /** Pods of a copy of the present revision get its hash; then the copy goes. */
  async #mergeDuplicates({ hash, duplicates }: HistoryPlan, pods: readonly Live<Pod>[]): Promise<void> {
    const body = { metadata: { labels: { [REVISION_HASH]: hash } } };
    for (const pod of pods) {
      if (pod.metadata.labels?.[REVISION_HASH] === hash) continue;
      const { name, namespace } = pod.metadata;
      if (!duplicates.some(({ metadata }) => metadata.labels?.[REVISION_HASH] === pod.metadata.labels?.[REVISION_HASH])) continue;
      await this.#client.resource<Pod>(coreKinds.pods).patch(name, body, { namespace, type: 'strategic' });
    }
    await Promise.all(duplicates.map((revision) => this.#delete(revision)));
  }

  async #delete({ metadata: { name, namespace } }: Live<ControllerRevision>): Promise<void> {
    try {
      await this.#resource.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
