import { discoveryKinds, type EndpointSlice, isForbidden, isNotFound, type Live, withoutEmptyLists } from '../../../api/index.ts';
import type { ApiClient, ResourceClient } from '../../../client/index.ts';
import { LAST_CHANGE } from '../../endpoints/plan.ts';
import { isNamespaceTerminating } from '../pod-control.ts';
import type { NewSlice, SliceChanges } from './placement.ts';
import type { SliceTracker } from './tracker.ts';

const KIND = discoveryKinds.endpointslices;

/** Whose slices are written, and what is noted on them. */
export interface SliceOwner {
  readonly key: string;
  /** Such as `Service default/web`, in errors. */
  readonly title: string;
  readonly isGoing: boolean;
  /** When the change happened that leads here. */
  readonly triggerTime?: string | undefined;
}

/** Writes the slices of an owner: first what is new, last what goes, so that no endpoint is missing in between. */
export class SliceWriter {
  readonly #slices: ResourceClient<EndpointSlice>;
  readonly #tracker: SliceTracker;

  constructor(client: ApiClient, tracker: SliceTracker) {
    this.#slices = client.resource<EndpointSlice>(KIND);
    this.#tracker = tracker;
  }

  async write(owner: SliceOwner, { creates, updates, deletes }: SliceChanges): Promise<void> {
    // The garbage collector is about to take them: it must not be raced.
    if (!owner.isGoing) for (const slice of creates) if (!(await this.#create(owner, slice))) return;
    for (const slice of updates) await this.#update(owner, slice);
    for (const slice of deletes) await this.#delete(owner, slice);
  }

  /** @returns false when the namespace is going, and nothing can be made in it any more. */
  async #create(owner: SliceOwner, slice: NewSlice): Promise<boolean> {
    try {
      this.#tracker.wrote(owner.key, await this.#slices.create(withTrigger(slice, owner.triggerTime)));
      return true;
    } catch (error) {
      if (isForbidden(error) && isNamespaceTerminating(error)) return false;
      throw wrap(`failed to create EndpointSlice for ${owner.title}`, error);
    }
  }

  async #update(owner: SliceOwner, slice: Live<EndpointSlice>): Promise<void> {
    try {
      this.#tracker.wrote(owner.key, await this.#slices.update(withTrigger(slice, owner.triggerTime)));
    } catch (error) {
      throw wrap(`failed to update ${slice.metadata.name} EndpointSlice for ${owner.title}`, error);
    }
  }

  async #delete(owner: SliceOwner, slice: Live<EndpointSlice>): Promise<void> {
    const { name, namespace } = slice.metadata;
    try {
      await this.#slices.delete(name, { namespace });
      this.#tracker.deleted(owner.key, slice);
    } catch (error) {
      if (!isNotFound(error)) throw wrap(`failed to delete ${name} EndpointSlice for ${owner.title}`, error);
    }
  }
}

/** The annotation tells of this change, or of none. */
function withTrigger<T extends EndpointSlice>(slice: T, triggerTime: string | undefined): T {
  const { [LAST_CHANGE]: _, ...others } = slice.metadata.annotations ?? {};
  const annotations = triggerTime === undefined ? others : { ...others, [LAST_CHANGE]: triggerTime };
  return withoutEmptyLists({ ...slice, metadata: { ...slice.metadata, annotations } });
}

const wrap = (what: string, error: unknown): Error =>
  new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
