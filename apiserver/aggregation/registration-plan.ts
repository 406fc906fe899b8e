// Which APIServices are made for what is served here. Upstream: kube-aggregator, `pkg/controllers/autoregister`; kubernetes,
// `pkg/controlplane/controller/crdregistration`.
import type { APIService, CustomResourceDefinition, KindInfo, KubeObject } from '../../api/index.ts';
import { builtInPriority, CUSTOM_PRIORITY, OWN_GROUP, type RankedVersion, serviceName } from '../discovery/index.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';

/** Says of an APIService how it is kept as it should be: once, when a server starts, or always. */
const MANAGED_LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const ON_START = 'onstart';
const ALWAYS = 'true';

const modeOf = (service: KubeObject | undefined): string | undefined => service?.metadata.labels?.[MANAGED_LABEL];
const isManaged = (service: KubeObject): boolean => modeOf(service) === ON_START || isManagedAlways(service);
export const isManagedAlways = (service: KubeObject): boolean => modeOf(service) === ALWAYS;

function apiService({ group, version, groupPriority, versionPriority }: RankedVersion, mode: string): APIService {
  return {
    metadata: { name: serviceName({ group, version }), labels: { [MANAGED_LABEL]: mode } },
    spec: { ...(group === '' ? {} : { group }), version, groupPriorityMinimum: groupPriority, versionPriority },
    status: {},
  };
}

/** One for each version that is served from the start. There is none for APIServices themselves. */
export function builtInServices(kinds: readonly KindInfo[]): APIService[] {
  const versions = new Map(kinds.filter(({ group }) => group !== OWN_GROUP).map((kind) => [serviceName(kind), kind]));
  return [...versions.values()].flatMap(({ group, version }) => {
    const priority = builtInPriority(group, version);
    return priority ? [apiService({ group, version, groupPriority: priority.group, versionPriority: priority.version }, ON_START)] : [];
  });
}

/** One for each version that a definition has served. */
export function customServices({ spec }: CustomResourceDefinition): APIService[] {
  return (spec.versions ?? [])
    .filter(({ served }) => served)
    .map(({ name: version }) =>
      apiService({ group: spec.group, version, groupPriority: CUSTOM_PRIORITY.group, versionPriority: CUSTOM_PRIORITY.version }, ALWAYS),
    );
}

export type Step = 'nothing' | 'create' | 'update' | 'delete';

/** What is known of a name. */
export interface Registration {
  /** Undefined when there should be none. */
  readonly desired: APIService | undefined;
  /** Undefined when there is none. */
  readonly current: APIService | undefined;
  /** It was put right once since the start. */
  readonly isSynced: boolean;
  /** It was there at the start. */
  readonly wasThere: boolean;
}

/**
 * What to do about an APIService:
 *
 *     present            | wanted: no  | wanted: on start | wanted: always
 *     -------------------|-------------|------------------|---------------
 *     no                 | -           | create once      | create
 *     not managed        | -           | -                | -
 *     on start, new      | -           | -                | -
 *     on start, old      | delete once | update once      | update once
 *     always             | delete      | update once      | update
 */
export function planRegistration({ desired, current, isSynced, wasThere }: Registration): Step {
  if (modeOf(desired) === ON_START && isSynced) return 'nothing';
  if (!current) return desired ? 'create' : 'nothing';
  if (!isManaged(current)) return 'nothing';
  if (modeOf(current) === ON_START && (!wasThere || isSynced)) return 'nothing';
  if (!desired) return 'delete';
  return semanticEqual(current.spec, desired.spec) ? 'nothing' : 'update';
}
