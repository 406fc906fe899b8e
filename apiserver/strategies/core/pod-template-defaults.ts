import {
  type Container,
  type Lifecycle,
  type ObjectMeta,
  type PersistentVolumeClaimSpec,
  type PodSpec,
  type PodTemplateSpec,
  type Probe,
  parseQuantity,
  Quantity,
  type Volume,
  type VolumeProjection,
} from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';
import { latestTag } from './image-reference.ts';

const GRACE_SECONDS = 30;
const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;

/** The template of a workload: what holds for every pod spec, wherever it is. */
export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template?.spec) return;
  if (template.metadata) dropInitContainerAnnotations(template.metadata);
  setPodSpecDefaults(template.spec);
}

/** What upstream's defaulting functions set in any pod spec. What a pod gets beyond that is in `pod-defaults.ts`. */
export function setPodSpecDefaults(spec: PodSpec): void {
  // Written as null where a client leaves it out; what follows may rely on the type.
  spec.containers ??= [];
  syncServiceAccount(spec);
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= GRACE_SECONDS;
  spec.schedulerName ||= 'default-scheduler';
  for (const volume of listOf(spec.volumes)) setVolumeDefaults(volume);
  for (const container of listOf(spec.initContainers)) setContainerDefaults(container);
  for (const container of listOf(spec.containers)) setContainerDefaults(container);
  for (const container of listOf(spec.ephemeralContainers)) setContainerDefaults(container);
  if (spec.overhead) roundAmounts(spec.overhead);
  if (spec.resources) roundResources(spec.resources);
}

/** `serviceAccount` is the older name of `serviceAccountName`: both are written, the newer one counts. */
export function syncServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

const INIT_CONTAINER_ANNOTATIONS = [
  'pod.beta.kubernetes.io/init-containers',
  'pod.alpha.kubernetes.io/init-containers',
  'pod.beta.kubernetes.io/init-container-statuses',
  'pod.alpha.kubernetes.io/init-container-statuses',
];

/** Init containers were annotations once; they must not reach an old kubelet. */
export function dropInitContainerAnnotations({ annotations }: ObjectMeta): void {
  if (annotations) for (const key of INIT_CONTAINER_ANNOTATIONS) delete annotations[key];
}

function setContainerDefaults(container: Container): void {
  container.imagePullPolicy ||= latestTag(container.image ?? '') ? 'Always' : 'IfNotPresent';
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  for (const port of listOf(container.ports)) port.protocol ||= 'TCP';
  for (const { valueFrom } of listOf(container.env)) if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
  if (container.resources) roundResources(container.resources);
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  if (container.lifecycle) setLifecycleDefaults(container.lifecycle);
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) setHttpDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function setLifecycleDefaults({ postStart, preStop }: Lifecycle): void {
  if (postStart?.httpGet) setHttpDefaults(postStart.httpGet);
  if (preStop?.httpGet) setHttpDefaults(preStop.httpGet);
}

function setHttpDefaults(http: NonNullable<Probe['httpGet']>): void {
  http.path ||= '/';
  http.scheme ||= 'HTTP';
}

interface Resources {
  readonly limits?: Record<string, string> | undefined;
  readonly requests?: Record<string, string> | undefined;
}

function roundResources({ limits, requests }: Resources): void {
  if (limits) roundAmounts(limits);
  if (requests) roundAmounts(requests);
}

/** Amounts are kept in thousandths at the finest: upstream's `SetDefaults_ResourceList`. */
export function roundAmounts(amounts: Record<string, string>): void {
  for (const name of Object.keys(amounts)) {
    const amount = amounts[name];
    if (amount !== undefined && isFine(amount)) amounts[name] = roundUp(amount);
  }
}

/** Only these texts can be finer than thousandths. */
function isFine(amount: string): boolean {
  const last = amount.charAt(amount.length - 1);
  return last === 'n' || last === 'u' || amount.includes('.');
}

function roundUp(amount: string): string {
  const quantity = parseQuantity(amount);
  const rounded = Quantity.ofMilli(quantity.milli(), quantity.format);
  return rounded.equals(quantity) ? amount : rounded.canonical();
}

/** A volume without a source is an empty directory. */
function setVolumeDefaults(volume: Volume): void {
  if (isSourceless(volume)) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    setFileDefaults(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const source of listOf(volume.projected.sources)) setProjectionDefaults(source);
  }
  setStorageDefaults(volume);
  if (volume.ephemeral?.volumeClaimTemplate) setClaimDefaults(volume.ephemeral.volumeClaimTemplate.spec);
}

function isSourceless(volume: Volume): boolean {
  for (const field in volume) if (field !== 'name') return false;
  return true;
}

type Files = NonNullable<Volume['downwardAPI']>['items'];

function setFileDefaults(files: Files): void {
  for (const { fieldRef } of listOf(files)) if (fieldRef) fieldRef.apiVersion ||= 'v1';
}

function setProjectionDefaults({ serviceAccountToken, downwardAPI }: VolumeProjection): void {
  if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
  if (downwardAPI) setFileDefaults(downwardAPI.items);
}

/** The sources that pods' own volumes and persistent ones have in common, as far as they have defaults. */
export interface StorageSources extends Pick<Volume, 'hostPath' | 'azureDisk'> {
  readonly iscsi?: { iscsiInterface?: string | undefined } | undefined;
  readonly rbd?: { pool?: string | undefined; user?: string | undefined; keyring?: string | undefined } | undefined;
  readonly scaleIO?: { storageMode?: string | undefined; fsType?: string | undefined } | undefined;
}

/** Defaults of volumes that last. */
export function setStorageDefaults({ hostPath, iscsi, rbd, scaleIO, azureDisk }: StorageSources): void {
  if (hostPath) hostPath.type ??= '';
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
}

/** What a claim is given, wherever it stands. */
export function setClaimDefaults(claim: PersistentVolumeClaimSpec): void {
  claim.volumeMode ??= 'Filesystem';
  if (claim.resources) roundResources(claim.resources);
}
