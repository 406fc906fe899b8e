import { appsKinds, type ControllerRevision, isAlreadyExists, type Live, type StatefulSet } from '../../api/index.ts';
import type { ApiClient, Informer } from '../../client/index.ts';
import { RevisionControl } from '../shared/revision-control.ts';
import { isOfTemplate, revisionData, revisionHash, revisionName } from '../shared/revisions.ts';
import { outdatedRevisions, planHistory } from './history.ts';
import type { Observed } from './plan.ts';

/** Label of a StatefulSet's revisions with their hash. */
const HASH_LABEL = 'controller.kubernetes.io/hash';

/** Where a StatefulSet comes from and goes to. */
export interface Revisions extends Pick<Observed, 'current' | 'update' | 'collisionCount'> {
  readonly all: readonly Live<ControllerRevision>[];
}

/** Writes a StatefulSet's ControllerRevisions: one for each template it had. */
export class HistoryKeeper {
  readonly #revisions: RevisionControl;

  constructor(client: ApiClient, revisions: Informer<ControllerRevision>) {
    this.#revisions = new RevisionControl(client, appsKinds.statefulsets, revisions);
  }

  /**
   * Sees to it that the present template has its revision, with the highest number.
   *
   * @returns undefined for a StatefulSet whose revisions are going with it: none is made any more.
   */
  async sync(set: Live<StatefulSet>): Promise<Revisions | undefined> {
    const all = await this.#revisions.adopt(set);
    const { found, revision } = planHistory(set, all);
    const named = all.find(({ metadata }) => metadata.name === set.status.currentRevision);
    const collisionCount = set.status.collisionCount ?? 0;
    if (!found) {
      if (set.metadata.deletionTimestamp) return undefined;
      const made = await this.#create(set, revision, collisionCount);
      return { all, current: named ?? made.update, ...made };
    }
    const update = found.revision === revision ? found : await this.#revisions.renumber(found, revision);
    return { all, current: named ?? update, update, collisionCount };
  }

  /** Deletes the oldest revisions beyond the limit that nobody is from. */
  async clean(set: Live<StatefulSet>, { all, current, update }: Revisions, podRevisions: readonly string[]): Promise<void> {
    const inUse = new Set([...podRevisions, current.metadata.name, update.metadata.name]);
    for (const revision of outdatedRevisions(set, all, inUse)) await this.#revisions.delete(revision);
  }

  /** Takes the next hash while one of the same name holds another template. */
  async #create(set: Live<StatefulSet>, revision: number, collisions: number): Promise<Pick<Observed, 'update' | 'collisionCount'>> {
    const { name: owner, namespace } = set.metadata;
    const data = revisionData(set.spec.template);
    const label = { [HASH_LABEL]: revisionHash(data, collisions) };
    for (let collisionCount = collisions; ; collisionCount++) {
      const name = revisionName(owner, revisionHash(data, collisionCount));
      try {
        return { update: await this.#revisions.create(set, revision, name, label), collisionCount };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const other = await this.#revisions.get(name, namespace);
        if (isOfTemplate(other, set.spec.template)) return { update: other, collisionCount };
      }
    }
  }
}
