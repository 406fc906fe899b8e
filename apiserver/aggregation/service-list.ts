import { type APIService, apiregistrationKinds } from '../../api/index.ts';
import type { RankedVersion } from '../discovery/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { isManagedAlways } from './registration-plan.ts';
import { type RemoteService, remoteServiceOf } from './remote-service.ts';

const API_SERVICES = apiregistrationKinds.apiservices;

/**
 * Who serves which version: the APIServices, as of now. Those that are kept in step with custom resources are taken for what they are about to be,
 * so that nobody has to wait for them to be written.
 */
export class ServiceList {
  readonly #objects: ObjectReader;
  /** What has to be there at all times, by name. */
  readonly #kept: () => Iterable<APIService>;
  #ranks: readonly RankedVersion[] | undefined;
  #remotes: ReadonlyMap<string, RemoteService> = new Map();

  constructor(objects: ObjectReader, kept: () => Iterable<APIService>) {
    this.#objects = objects;
    this.#kept = kept;
  }

  /** Forgets what it knew. */
  refresh(): void {
    this.#ranks = undefined;
    const remotes = this.#objects.list<APIService>(API_SERVICES).flatMap((each) => remoteServiceOf(each) ?? []);
    if (remotes.length > 0 || this.#remotes.size > 0) this.#remotes = new Map(remotes.map((remote) => [remote.name, remote]));
  }

  /** What other servers serve, by the names of their APIServices. */
  get remotes(): ReadonlyMap<string, RemoteService> {
    return this.#remotes;
  }

  /** All versions, with their ranks: the same array as long as nothing changes. */
  ranks(): readonly RankedVersion[] {
    this.#ranks ??= this.#rank();
    return this.#ranks;
  }

  #rank(): RankedVersion[] {
    const found = new Map<string, APIService>([...this.#kept()].map((service) => [service.metadata.name ?? '', service]));
    for (const service of this.#objects.list<APIService>(API_SERVICES)) {
      if (!isManagedAlways(service)) found.set(service.metadata.name, service);
    }
    return [...found.values()].map(rankOf);
  }
}

const rankOf = ({ spec }: APIService): RankedVersion => ({
  group: spec.group ?? '',
  version: spec.version ?? '',
  groupPriority: spec.groupPriorityMinimum,
  versionPriority: spec.versionPriority,
});
