import type { Container, Volume } from '../../../api/index.ts';
import { SECCOMP_TYPES, seccompProfile } from './baseline.ts';
import { type Check, type CheckPod, containersNamed, namesOf, plural, quoted, setters, sorted } from './check.ts';

/** Since 1.25 what Windows knows nothing of is not asked of pods for it. */
const unlessWindows =
  (check: CheckPod): CheckPod =>
  (pod) =>
    pod.spec.os?.name === 'windows' ? undefined : check(pod);

const allowPrivilegeEscalation: CheckPod = (pod) => {
  const names = namesOf(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersNamed(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const capabilities: CheckPod = (pod) => {
  const added = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const keeping = namesOf(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const adding = namesOf(pod, (container) => added(container).length > 0);
  const all = quoted(sorted(pod.containers.flatMap(added)));
  const details = [
    ...(keeping.length > 0 ? [`${containersNamed(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${containersNamed(adding)} must not include ${all} in securityContext.capabilities.add`] : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const GOOD_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const;

/** By the names that messages call them, in the order in which they are looked for. */
const BAD_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
] as const;

const restrictedVolumes: CheckPod = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => !GOOD_VOLUMES.some((type) => volume[type]));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume: Volume) => BAD_VOLUMES.find((type) => volume[type]) ?? 'unknown'));
  const names = quoted(bad.map(({ name }) => name));
  const use = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad.length)} ${names} ${use} ${plural('restricted volume type', types.length)} ${quoted(types)}`,
  };
};

const runAsNonRoot: CheckPod = (pod) => {
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const roots = namesOf(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false);
  const who = setters(ofPod === false, roots);
  const reason = 'runAsNonRoot != true';
  if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  const silent = namesOf(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined && !ofPod);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckPod = (pod) => {
  const roots = namesOf(pod, ({ securityContext }) => securityContext?.runAsUser === 0);
  const who = setters(pod.spec.securityContext?.runAsUser === 0, roots);
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
};

const seccompRequired: CheckPod = (pod) => {
  const bad = seccompProfile(pod);
  if (bad) return bad;
  if (SECCOMP_TYPES.includes(pod.spec.securityContext?.seccompProfile?.type ?? '')) return undefined;
  const silent = namesOf(pod, ({ securityContext }) => !securityContext?.seccompProfile);
  if (silent.length === 0) return undefined;
  const detail = `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

/** A check, and from 1.25 on not for Windows. */
const withWindows = (
  id: string,
  since: number,
  { check, overrides }: { readonly check: CheckPod; readonly overrides?: string },
): Check => ({
  id,
  versions: [
    { since, check, overrides },
    { since: 25, check: unlessWindows(check), overrides },
  ],
});

/** What hardened pods do without. Upstream: the restricted checks of k8s.io/pod-security-admission, `policy`. */
export const RESTRICTED: readonly Check[] = [
  withWindows('allowPrivilegeEscalation', 8, { check: allowPrivilegeEscalation }),
  withWindows('capabilities_restricted', 22, { check: capabilities, overrides: 'capabilities_baseline' }),
  { id: 'restrictedVolumes', versions: [{ since: 0, check: restrictedVolumes, overrides: 'hostPathVolumes' }] },
  { id: 'runAsNonRoot', versions: [{ since: 0, check: runAsNonRoot }] },
  { id: 'runAsUser', versions: [{ since: 23, check: runAsUser }] },
  withWindows('seccompProfile_restricted', 19, { check: seccompRequired, overrides: 'seccompProfile_baseline' }),
];
