import { appsKinds, type ControllerRevision, coreKinds, type DaemonSet, isAlreadyExists, type Live, type Pod } from '../../api/index.ts';
import type { ApiClient, Informer } from '../../client/index.ts';
import { RevisionControl } from '../shared/revision-control.ts';
import { isOfTemplate, REVISION_HASH } from '../shared/revisions.ts';
import { type HistoryPlan, outdatedRevisions, planHistory } from './history.ts';

const KIND = appsKinds.daemonsets;

/** Writes a DaemonSet's ControllerRevisions: one for each template it had. */
export class HistoryKeeper {
  readonly #client: ApiClient;
  readonly #revisions: RevisionControl;

  constructor(client: ApiClient, revisions: Informer<ControllerRevision>) {
    this.#client = client;
    this.#revisions = new RevisionControl(client, KIND, revisions);
  }

  /** Sees to it that the present template has its revision, with the highest number. */
  async sync(daemonSet: Live<DaemonSet>, pods: () => readonly Live<Pod>[]): Promise<HistoryPlan> {
    const plan = planHistory(daemonSet, await this.#labelled(await this.#revisions.claim(daemonSet)));
    if (!plan.current) await this.#create(daemonSet, plan);
    else if (plan.current.revision < plan.revision) await this.#revisions.renumber(plan.current, plan.revision);
    if (plan.duplicates.length) await this.#mergeDuplicates(plan, pods());
    return plan;
  }

  /** The revisions, all with the label that pods are compared by: one without it gets its name for it (upstream: `constructHistory`). */
  #labelled(revisions: readonly Live<ControllerRevision>[]): Promise<Live<ControllerRevision>[]> {
    return Promise.all(
      revisions.map((revision) =>
        revision.metadata.labels?.[REVISION_HASH] === undefined
          ? this.#revisions.label(revision, REVISION_HASH, revision.metadata.name)
          : revision,
      ),
    );
  }

  /** Deletes the oldest revisions beyond the limit that no pod is from. */
  async clean(daemonSet: Live<DaemonSet>, { old }: HistoryPlan, pods: readonly Live<Pod>[]): Promise<void> {
    const inUse = new Set(pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH] ?? ''));
    await Promise.all(outdatedRevisions(daemonSet, old, inUse).map((revision) => this.#revisions.delete(revision)));
  }

  async #create(daemonSet: Live<DaemonSet>, { hash, revision }: HistoryPlan): Promise<void> {
    const name = `${daemonSet.metadata.name}-${hash}`;
    try {
      await this.#revisions.create(daemonSet, revision, name, { [REVISION_HASH]: hash });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await this.#meet(daemonSet, name, error);
    }
  }

  /** There is a revision of this name: it is of this template, seen late, or the hash collided with that of another one. */
  async #meet(daemonSet: Live<DaemonSet>, name: string, error: unknown): Promise<void> {
    const other = await this.#revisions.get(name, daemonSet.metadata.namespace);
    if (isOfTemplate(other, daemonSet.spec.template)) return;
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
    await Promise.all(duplicates.map((revision) => this.#revisions.delete(revision)));
  }
}
