import {
  appsKinds,
  type ControllerRevision,
  type Draft,
  fromLabelSelector,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type LabelSelector,
  type Live,
  type PodTemplateSpec,
} from '../../api/index.ts';
import { type ApiClient, type Informer, newControllerRef } from '../../client/index.ts';
import { BY_CONTROLLER, ORPHANS } from '../informers.ts';
import { OwnerControl } from './pod-control.ts';
import { revisionData } from './revisions.ts';

/** An object that keeps its templates as ControllerRevisions. */
type Owner = Live<KubeObject & { readonly spec: { readonly selector: LabelSelector | null; readonly template: PodTemplateSpec } }>;

/** Finds, writes and deletes the ControllerRevisions of the objects of one kind. */
export class RevisionControl {
  readonly #client: ApiClient;
  readonly #kind: KindInfo;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #owners: OwnerControl;

  /** @param kind of the owners. */
  constructor(client: ApiClient, kind: KindInfo, revisions: Informer<ControllerRevision>) {
    this.#client = client;
    this.#kind = kind;
    this.#revisions = revisions;
    this.#owners = new OwnerControl(client, kind, appsKinds.controllerrevisions);
  }

  get #resource() {
    return this.#client.resource<ControllerRevision>(appsKinds.controllerrevisions);
  }

  /** The owner's revisions, those adopted now among them. */
  adopt(owner: Owner): Promise<Live<ControllerRevision>[]> {
    return this.#owners.adopt(owner, this.#candidates(owner), selectedBy(owner));
  }

  /** As {@link adopt}; what the selector takes in no longer is let go. */
  claim(owner: Owner): Promise<Live<ControllerRevision>[]> {
    return this.#owners.claim(owner, this.#candidates(owner), selectedBy(owner));
  }

  #candidates({ metadata: { namespace = '', uid } }: Owner): Live<ControllerRevision>[] {
    return [...this.#revisions.byIndex(BY_CONTROLLER, uid), ...this.#revisions.byIndex(ORPHANS, namespace)];
  }

  /**
   * Writes the revision of the owner's present template.
   *
   * @param label the label that holds its hash.
   * @throws AlreadyExists when there is one of this name: the same, seen late, or of another template.
   */
  create(owner: Owner, revision: number, name: string, label: Readonly<Record<string, string>>): Promise<Live<ControllerRevision>> {
    const draft: Draft<ControllerRevision> = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace: owner.metadata.namespace,
        labels: { ...owner.spec.template.metadata?.labels, ...label },
        annotations: owner.metadata.annotations,
        ownerReferences: [newControllerRef(owner, this.#kind)],
      },
      data: revisionData(owner.spec.template),
      revision,
    };
    return this.#resource.create(draft);
  }

  get(name: string, namespace: string | undefined): Promise<Live<ControllerRevision>> {
    return this.#resource.get(name, { namespace });
  }

  /** Gives a revision another number. */
  renumber(stored: Live<ControllerRevision>, revision: number): Promise<Live<ControllerRevision>> {
    return this.#resource.update({ ...stored, revision });
  }

  /** Gives a revision a label. */
  label(stored: Live<ControllerRevision>, key: string, value: string): Promise<Live<ControllerRevision>> {
    return this.#resource.update({ ...stored, metadata: { ...stored.metadata, labels: { ...stored.metadata.labels, [key]: value } } });
  }

  async delete({ metadata: { name, namespace } }: Live<ControllerRevision>): Promise<void> {
    try {
      await this.#resource.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function selectedBy({ spec }: Owner): (revision: Live<ControllerRevision>) => boolean {
  const selector = fromLabelSelector(spec.selector);
  return ({ metadata }) => selector.matches(metadata.labels);
}
