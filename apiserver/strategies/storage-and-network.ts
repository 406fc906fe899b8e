import { discoveryKinds, flowcontrolKinds, networkingKinds, storageKinds } from '../../api/index.ts';
import { type Strategy, strategyKey } from '../registry/strategy.ts';
import { endpointSliceStrategy } from './discovery/endpoint-slice.ts';
import { flowSchemaStrategy } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationStrategy } from './flowcontrol/priority-level-configuration.ts';
import { ingressStrategy } from './networking/ingress.ts';
import { ingressClassStrategy } from './networking/ingress-class.ts';
import { ipAddressStrategy, serviceCidrStrategy } from './networking/ip-address.ts';
import { networkPolicyStrategy } from './networking/network-policy.ts';
import { csiDriverStrategy } from './storage/csi-driver.ts';
import { csiNodeStrategy, csiStorageCapacityStrategy } from './storage/csi-node.ts';
import { storageClassStrategy, volumeAttributesClassStrategy } from './storage/storage-class.ts';
import { volumeAttachmentStrategy } from './storage/volume-attachment.ts';

/** Strategies of storage.k8s.io, networking.k8s.io and the like. */
export const storageAndNetworkStrategies = (): readonly (readonly [string, Strategy<never>])[] => [
  [strategyKey(storageKinds.csidrivers), csiDriverStrategy],
  [strategyKey(storageKinds.csinodes), csiNodeStrategy],
  [strategyKey(storageKinds.csistoragecapacities), csiStorageCapacityStrategy],
  [strategyKey(storageKinds.storageclasses), storageClassStrategy],
  [strategyKey(storageKinds.volumeattachments), volumeAttachmentStrategy],
  [strategyKey(storageKinds.volumeattributesclasses), volumeAttributesClassStrategy],
  [strategyKey(networkingKinds.ingressclasses), ingressClassStrategy],
  [strategyKey(networkingKinds.ingresses), ingressStrategy],
  [strategyKey(networkingKinds.ipaddresses), ipAddressStrategy],
  [strategyKey(networkingKinds.networkpolicies), networkPolicyStrategy],
  [strategyKey(networkingKinds.servicecidrs), serviceCidrStrategy],
  [strategyKey(discoveryKinds.endpointslices), endpointSliceStrategy],
  [strategyKey(flowcontrolKinds.flowschemas), flowSchemaStrategy],
  [strategyKey(flowcontrolKinds.prioritylevelconfigurations), priorityLevelConfigurationStrategy],
];
