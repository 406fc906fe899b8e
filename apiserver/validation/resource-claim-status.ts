// What a claim was given: upstream's `validateResourceClaimStatusUpdate` (`pkg/apis/resource/validation/validation.go` of 1.34).
import {
  type AllocatedDeviceStatus,
  type AllocationResult,
  type DeviceAllocationConfiguration,
  type DeviceRequestAllocationResult,
  fieldError,
  isInterfaceAddress,
  type NetworkDeviceData,
  type ResourceV1ResourceClaim as ResourceClaim,
  type ResourceClaimConsumerReference,
  type ResourceClaimStatus,
  resourceKinds,
} from '../../api/index.ts';
import { checkNodeSelector } from './affinity.ts';
import { checkConditions } from './conditions.ts';
import { CONFIG_MAX, checkConfiguration, checkLabel, checkPoolName, checkRaw } from './device.ts';
import { checkList, checkSet } from './device-lists.ts';
import { bytesOf, type Errors, IMMUTABLE_MESSAGE, isEmpty, listOf } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { checkRequestRef, checkRequestRefs, type RequestNames, requestNamesOf } from './resource-claim.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkCsiDriverName } from './storage.ts';

const RESERVATIONS_MAX = 256;
const RESULTS_MAX = 32;
const CONDITIONS_MAX = 8;
const DATA_BYTES_MAX = 10 * 1024;
const ADDRESSES_MAX = 16;
const INTERFACE_NAME_MAX = 256;
const HARDWARE_ADDRESS_MAX = 128;
const SOURCES = ['FromClaim', 'FromClass'];

interface DeviceName {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
}

/** What tells devices apart. */
export const deviceKey = ({ driver, pool, device }: DeviceName): string => `${driver}/${pool}/${device}`;

/** Upstream prints the name of a device as the struct it is, whose parts have no JSON. */
const PRINTED_DEVICE = { Driver: {}, Pool: {}, Device: {}, ShareID: {} };

export function checkClaimStatus(errors: Errors, { metadata, spec, status }: ResourceClaim, old: ResourceClaimStatus): void {
  const names = requestNamesOf(spec.devices);
  checkSet(errors, 'status.reservedFor', status.reservedFor, {
    max: RESERVATIONS_MAX,
    item: checkConsumer,
    key: ({ uid }) => uid,
    at: '.uid',
  });
  const allocated = new Set(listOf(status.allocation?.devices?.results).map(deviceKey));
  checkSet(errors, 'status.devices', status.devices, {
    max: Number.POSITIVE_INFINITY,
    item: (_errors, path, device) => checkDeviceStatus(errors, path, device, allocated),
    key: deviceKey,
    at: '.deviceID',
    print: () => PRINTED_DEVICE,
  });
  checkReservations(errors, status, { old, isDeleted: metadata.deletionTimestamp !== undefined });
  if (!status.allocation) return;
  if (!old.allocation) checkAllocation(errors, 'status.allocation', status.allocation, names);
  else if (!semanticEqual(status.allocation, old.allocation)) {
    const printed = goPart(resourceKinds.resourceclaims, ['status', 'allocation'], status.allocation);
    errors.push(fieldError.invalid('status.allocation', printed, IMMUTABLE_MESSAGE));
  }
}

function checkConsumer(errors: Errors, path: string, { resource, name, uid }: ResourceClaimConsumerReference): void {
  for (const [field, value] of Object.entries({ resource, name, uid })) {
    if (isEmpty(value)) errors.push(fieldError.required(`${path}.${field}`));
  }
}

function checkReservations(
  errors: Errors,
  { reservedFor, allocation }: ResourceClaimStatus,
  { old, isDeleted }: { old: ResourceClaimStatus; isDeleted: boolean },
): void {
  const consumers = listOf(reservedFor);
  if (consumers.length === 0) return;
  const refuse = (detail: string) => errors.push(fieldError.forbidden('status.reservedFor', detail));
  if (!allocation) {
    refuse('may not be specified when `allocated` is not set');
    return;
  }
  const isNew = (consumer: ResourceClaimConsumerReference) => !listOf(old.reservedFor).some((other) => semanticEqual(other, consumer));
  if (isDeleted && consumers.some(isNew)) {
    refuse('new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set');
  }
}

function checkAllocation(errors: Errors, path: string, { devices, nodeSelector }: AllocationResult, names: RequestNames): void {
  checkList(errors, `${path}.devices.results`, devices?.results, {
    max: RESULTS_MAX,
    item: (_errors, at, result) => checkResult(errors, at, result, names),
  });
  checkList(errors, `${path}.devices.config`, devices?.config, {
    max: 2 * CONFIG_MAX, // the class's and the claim's
    item: (_errors, at, config) => checkAllocatedConfig(errors, at, config, names),
  });
  if (nodeSelector) checkNodeSelector(errors, `${path}.nodeSelector`, nodeSelector);
}

function checkResult(errors: Errors, path: string, result: DeviceRequestAllocationResult, names: RequestNames): void {
  checkRequestRef(errors, `${path}.request`, result.request, names);
  checkDeviceName(errors, path, result);
}

function checkDeviceName(errors: Errors, path: string, { driver, pool, device }: DeviceName): void {
  checkCsiDriverName(errors, `${path}.driver`, driver);
  checkPoolName(errors, `${path}.pool`, pool);
  checkLabel(errors, `${path}.device`, device);
}

function checkAllocatedConfig(errors: Errors, path: string, config: DeviceAllocationConfiguration, names: RequestNames): void {
  const { source } = config;
  if (isEmpty(source)) errors.push(fieldError.required(`${path}.source`));
  else if (!SOURCES.includes(source)) errors.push(fieldError.notSupported(`${path}.source`, source, SOURCES));
  checkRequestRefs(errors, `${path}.requests`, config.requests, names);
  checkConfiguration(errors, path, config, false);
}

function checkDeviceStatus(errors: Errors, path: string, status: AllocatedDeviceStatus, allocated: ReadonlySet<string>): void {
  checkDeviceName(errors, path, status);
  if (!allocated.has(deviceKey(status))) errors.push(fieldError.invalid(path, PRINTED_DEVICE, 'must be an allocated device in the claim'));
  const conditions = listOf(status.conditions);
  if (conditions.length > CONDITIONS_MAX) errors.push(fieldError.tooMany(`${path}.conditions`, conditions.length, CONDITIONS_MAX));
  checkConditions(errors, `${path}.conditions`, conditions);
  if (status.data !== undefined && status.data !== null) checkRaw(errors, `${path}.data`, status.data, DATA_BYTES_MAX);
  if (status.networkData) checkNetworkData(errors, `${path}.networkData`, status.networkData);
}

function checkNetworkData(errors: Errors, path: string, { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData): void {
  if (bytesOf(interfaceName) > INTERFACE_NAME_MAX) errors.push(fieldError.tooLong(`${path}.interfaceName`, INTERFACE_NAME_MAX));
  if (bytesOf(hardwareAddress) > HARDWARE_ADDRESS_MAX) errors.push(fieldError.tooLong(`${path}.hardwareAddress`, HARDWARE_ADDRESS_MAX));
  checkSet(errors, `${path}.ips`, ips, {
    max: ADDRESSES_MAX,
    item: (_errors, at, ip) => {
      for (const message of isInterfaceAddress(ip)) errors.push(fieldError.invalid(at, ip, message));
    },
    key: (ip) => ip,
  });
}
