import { coreKinds, type Live, type Pod } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';

/** What a pod needs: names in the pod's namespace. */
export type Held = 'pods' | 'secrets' | 'configMaps' | 'claims' | 'deviceClaims' | 'accounts';

/** Mirror pods are made by nodes: what they name is no reason to be given it. */
const MIRROR = 'kubernetes.io/config.mirror';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** The names of what a pod needs. */
export const NEEDED: Readonly<Record<Held, (pod: Pod) => readonly (string | undefined)[]>> = {
  pods: ({ metadata }) => [metadata.name],
  accounts: ({ spec }) => [spec.serviceAccountName],
  secrets: ({ spec }) => [
    ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(secretsOf),
  ],
  configMaps: ({ spec }) => [
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(({ configMap, projected }) => [
      configMap?.name,
      ...(projected?.sources ?? []).map((source) => source.configMap?.name),
    ]),
  ],
  claims: ({ metadata, spec }) =>
    (spec.volumes ?? []).map(({ name, persistentVolumeClaim, ephemeral }) =>
      ephemeral ? `${metadata.name}-${name}` : persistentVolumeClaim?.claimName,
    ),
  deviceClaims: deviceClaimsOf,
};

/** Claims of devices: by name, or made for the pod from a template or for its extended resources. */
function deviceClaimsOf({ spec, status }: Pod): (string | undefined)[] {
  const made = new Map((status.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]));
  return [
    ...(spec.resourceClaims ?? []).map(({ name, resourceClaimName }) => resourceClaimName ?? made.get(name)),
    status.extendedResourceClaimStatus?.resourceClaimName,
  ];
}

const containersOf = ({ containers, initContainers = [], ephemeralContainers = [] }: Pod['spec']) => [
  ...containers,
  ...initContainers,
  ...ephemeralContainers,
];

const secretsOf = (volume: Volume): (string | undefined)[] => [
  volume.secret?.secretName,
  volume.azureFile?.secretName,
  volume.csi?.nodePublishSecretRef?.name,
  ...[volume.cephfs, volume.flexVolume, volume.iscsi, volume.rbd, volume.scaleIO, volume.storageos].map(
    (source) => source?.secretRef?.name,
  ),
  ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name),
];

/** Which pods are on which node: asked for what a node's pods need. Nothing is kept until somebody asks. */
export class PodsByNode {
  readonly #objects: ObjectReader;
  /** node -> `namespace/name` */
  readonly #pods = new Map<string, Set<string>>();
  #filled = false;

  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  /** Whether a pod on a node needs the thing of that name. */
  holds(node: string, what: Held, { namespace, name }: { readonly namespace: string; readonly name: string }): boolean {
    this.#fill();
    for (const key of this.#pods.get(node) ?? []) {
      if (!key.startsWith(`${namespace}/`)) continue;
      const pod = this.#objects.get<Pod>(coreKinds.pods, namespace, key.slice(namespace.length + 1));
      if (!pod || pod.spec.nodeName !== node) continue;
      if (what !== 'pods' && pod.metadata.annotations?.[MIRROR] !== undefined) continue;
      if (NEEDED[what](pod).includes(name)) return true;
    }
    return false;
  }

  #fill(): void {
    if (this.#filled) return;
    this.#objects.onChange<Pod>(coreKinds.pods, ({ type, object }) => this.#set(object, type === 'DELETED'));
    for (const pod of this.#objects.list<Pod>(coreKinds.pods)) this.#set(pod, false);
    this.#filled = true;
  }

  /** A pod never leaves its node but by its end. */
  #set({ metadata, spec }: Live<Pod>, gone: boolean): void {
    if (!spec.nodeName) return;
    const key = `${metadata.namespace}/${metadata.name}`;
    const pods = this.#pods.get(spec.nodeName) ?? new Set();
    if (gone) pods.delete(key);
    else pods.add(key);
    if (pods.size > 0) this.#pods.set(spec.nodeName, pods);
    else this.#pods.delete(spec.nodeName);
  }
}
