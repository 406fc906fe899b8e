import { OptionError } from '../runtime/index.ts';
import { attachDetachController } from './attach-detach/controller.ts';
import { tokenCleaner } from './bootstrap-token/cleaner.ts';
import { bootstrapSigner } from './bootstrap-token/signer.ts';

import { certificateApprover } from './certificates/approver.ts';
import { certificateCleaner } from './certificates/cleaner.ts';
import { certificateSigner } from './certificates/signer.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/controller.ts';
import type { ControllerDescriptor } from './context.ts';
import { isCalled, isWanted } from './controller-options.ts';
import { cronJobController } from './cron-job/controller.ts';
import { daemonSetController } from './daemon-set/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { disruptionController } from './disruption/controller.ts';
import { endpointSliceController } from './endpoint-slice/controller.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts';
import { garbageCollector } from './garbage-collector/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { hostPathProvisioner } from './hostpath-provisioner/controller.ts';
import { jobController } from './job/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController } from './node-ipam/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { persistentVolumeBinder } from './persistent-volume/controller.ts';
import { podGarbageCollector } from './pod-gc/controller.ts';
import { replicaSetController, replicationController } from './replica-set/controller.ts';
import { resourceClaimController } from './resource-claim/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { rootCaPublisher } from './root-ca-publisher/controller.ts';
import { serviceController } from './service/controller.ts';
import { serviceAccountController } from './service-account/controller.ts';
import { legacyTokenCleaner } from './service-account-token/cleaner.ts';
import { serviceAccountTokenController } from './service-account-token/controller.ts';
import { serviceCidrController } from './service-cidr/controller.ts';
import { statefulSetController } from './stateful-set/controller.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './storage-protection/controller.ts';
import { taintEvictionController } from './taint-eviction/controller.ts';
import { ttlController } from './ttl/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import { volumeExpandController } from './volume-expand/controller.ts';
import { volumeModifier } from './volume-modify/controller.ts';

/** Every controller. The garbage collector comes last: it shares the informers that the others have. */
export const CONTROLLERS: readonly ControllerDescriptor[] = [
  serviceAccountTokenController,
  serviceAccountController,
  legacyTokenCleaner,
  rootCaPublisher,
  namespaceController,
  nodeIpamController,
  nodeLifecycleController,
  taintEvictionController,
  ttlController,
  podGarbageCollector,
  deploymentController,
  replicaSetController,
  replicationController,
  daemonSetController,
  statefulSetController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  disruptionController,
  horizontalPodAutoscalerController,
  endpointsController,
  persistentVolumeBinder,
  volumeExpandController,
  volumeModifier,
  hostPathProvisioner,
  ephemeralVolumeController,
  endpointSliceController,
  endpointSliceMirroringController,
  serviceController,
  serviceCidrController,
  attachDetachController,
  resourceClaimController,
  claimProtectionController,
  volumeProtectionController,
  attributesClassProtectionController,
  clusterRoleAggregationController,
  certificateApprover,
  certificateSigner,
  certificateCleaner,
  bootstrapSigner,
  tokenCleaner,
  resourceQuotaController,
  garbageCollector,
];

interface AbsentController {
  readonly name: string;
  readonly alias?: string | undefined;
  readonly why: string;
}

const NO_CLOUD = 'there is no cloud';
const OFF = 'its feature is off in 1.34';

/** What upstream's `--controllers` can name and is not here. */
const ABSENT_CONTROLLERS: readonly AbsentController[] = [
  { name: 'cloud-node-lifecycle-controller', alias: 'cloud-node-lifecycle', why: NO_CLOUD },
  { name: 'node-route-controller', alias: 'route', why: NO_CLOUD },
  { name: 'storageversion-garbage-collector-controller', alias: 'storage-version-gc', why: OFF },
  { name: 'storage-version-migrator-controller', why: OFF },
  { name: 'device-taint-eviction-controller', why: OFF },
  { name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller', why: OFF },
  { name: 'podcertificaterequest-cleaner-controller', why: OFF },
  { name: 'selinux-warning-controller', why: OFF },
  { name: 'validatingadmissionpolicy-status-controller', why: 'the API server checks the types of policies' },
];

/** The controllers that are asked for by name, are known to upstream, and are not here; with the reason. */
export function absentControllers(wanted: readonly string[]): { controller: string; why: string }[] {
  return ABSENT_CONTROLLERS.filter((absent) => wanted.some((name) => isCalled(name, absent))).map(({ name, why }) => ({
    controller: name,
    why,
  }));
}

/**
 * The controllers that `--controllers` asks for.
 *
 * @throws OptionError naming what is unknown.
 */
export function selectControllers(wanted: readonly string[]): ControllerDescriptor[] {
  for (const item of wanted) {
    const name = item.startsWith('-') ? item.slice(1) : item;
    if (item === '*' || [...CONTROLLERS, ...ABSENT_CONTROLLERS].some((known) => isCalled(name, known))) continue;
    const names = CONTROLLERS.map((controller) => controller.name).join(', ');
    throw new OptionError(`option --controllers names no controller "${name}"; there are ${names}`);
  }
  return CONTROLLERS.filter((controller) => isWanted(controller, wanted));
}
