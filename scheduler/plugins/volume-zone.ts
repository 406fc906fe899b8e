import {
  coreKinds,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  storageClassOf,
  storageKinds,
} from '../../api/index.ts';
import { equalJson } from '../../client/index.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { type Rejection, SKIP, unresolvable } from '../framework/status.ts';
import type { PodInfo } from '../state/pod-info.ts';

const NAME = 'VolumeZone';
const ELSEWHERE = unresolvable('node(s) had no available volume zone');

/** Labels of volumes and nodes that say where they are; the first two are what they were called before. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
]);
/** Between the zones of a volume that is in several. */
const DELIMITER = '__';

/** Where a volume is, by one label. */
interface Place {
  readonly key: string;
  readonly values: readonly string[];
}

interface State {
  readonly places: readonly Place[];
}

/** A pod goes where the zones are that its volumes are labelled with. Upstream: `plugins/volumezone`. */
export const volumeZone: PluginDefinition = {
  name: NAME,
  create: (_args, { informers }) => {
    const claims = informers.informer<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    const volumes = informers.informer<PersistentVolume>(coreKinds.persistentvolumes);
    const classes = informers.informer<StorageClass>(storageKinds.storageclasses);
    /** The places of a claim's volume; none while that waits for a consumer. */
    const placesOfClaim = (namespace: string, name: string): readonly Place[] | Rejection => {
      const claim = claims.get(namespace, name);
      if (!claim) return unresolvable(`persistentvolumeclaim "${name}" not found`);
      const { volumeName } = claim.spec;
      if (!volumeName) return unboundProblem(claim, (className) => classes.getByKey(className)) ?? [];
      const volume = volumes.getByKey(volumeName);
      return volume ? placesOf(volume) : unresolvable(`persistentvolume "${volumeName}" not found`);
    };
    const placesFor = (pod: PodInfo): State | Rejection => {
      const places: Place[] = [];
      for (const name of claimNames(pod)) {
        const found = placesOfClaim(pod.namespace, name);
        if ('code' in found) return found;
        places.push(...found);
      }
      return { places };
    };
    return {
      name: NAME,
      preFilter: (state, pod) => {
        const found = placesFor(pod);
        if ('code' in found) return found;
        if (found.places.length === 0) return SKIP;
        state.write(NAME, found);
        return undefined;
      },
      filter: (state, pod, { node }) => {
        // PreFilter may be disabled.
        const found = state.find<State>(NAME) ?? placesFor(pod);
        if ('code' in found) return found;
        const labels = node?.metadata.labels ?? {};
        if (![...LABELS.keys()].some((key) => labels[key] !== undefined)) return undefined;
        const isThere = ({ key, values }: Place) => values.includes(labels[key] ?? labels[LABELS.get(key) ?? ''] ?? '');
        return found.places.every(isThere) ? undefined : ELSEWHERE;
      },
      events: [
        on('StorageClass', ['Add'], (_pod, { now }) => now?.volumeBindingMode === 'WaitForFirstConsumer'),
        on('Node', ['Add', 'UpdateNodeLabel']),
        on(
          'PersistentVolumeClaim',
          ['Add', 'Update'],
          (pod, { now }) => now !== undefined && now.metadata.namespace === pod.namespace && claimNames(pod).includes(now.metadata.name),
        ),
        on(
          'PersistentVolume',
          ['Add', 'Update'],
          (_pod, { now, old }) => !old || (now !== undefined && !equalJson(placesOf(now), placesOf(old))),
        ),
      ],
    };
  },
};

const claimNames = ({ pod }: PodInfo): string[] =>
  (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []));

/** A label that names a zone without a name says nothing. Upstream: `LabelZonesToSet` of cloud-provider's volume helpers. */
const placesOf = ({ metadata }: Live<PersistentVolume>): Place[] =>
  [...LABELS.keys()].flatMap((key) => {
    const values = metadata.labels?.[key]?.split(DELIMITER).map((zone) => zone.trim()) ?? [''];
    return values.includes('') ? [] : [{ key, values }];
  });

function unboundProblem(
  claim: Live<PersistentVolumeClaim>,
  classNamed: (name: string) => Live<StorageClass> | undefined,
): Rejection | undefined {
  const className = storageClassOf(claim);
  if (className === '') return unresolvable('PersistentVolumeClaim had no pv name and storageClass name');
  const storageClass = classNamed(className);
  if (!storageClass) return unresolvable(`storageclass.storage.k8s.io "${className}" not found`);
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer' ? undefined : unresolvable('PersistentVolume had no name');
}
