// What claims ask for, checked and ready to be looked for. Upstream: `validateDeviceRequest` of
// `dynamic-resource-allocation/structured/internal/experimental/allocator_experimental.go`, with 1.34's default gates.
import type {
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  Live,
  ResourceV1ResourceClaim,
} from '../../../../api/index.ts';
import type { Pool, PoolDevice } from './inventory.ts';
import { type Selectors, selectorsMatch } from './selectors.ts';

export type Claim = Live<ResourceV1ResourceClaim>;

/** Devices that a claim may get. */
export const CLAIM_DEVICES_MAX = 32;

/** A request, or one of the alternatives of a request. */
export interface Wanted {
  readonly name: string;
  /** The request that it is an alternative of. */
  readonly parent: string | undefined;
  readonly deviceClass: Live<DeviceClass>;
  readonly selectors: readonly DeviceSelector[];
  readonly adminAccess: boolean;
  readonly count: number;
  /** With allocation mode All: these and no others. */
  readonly all: readonly PoolDevice[] | undefined;
  /** Devices that were looked at, and whether they match. */
  readonly matches: Map<PoolDevice, boolean>;
}

/** A request: one alternative of `firstAvailable`, or just what it wants. */
export interface WantedRequest {
  readonly isList: boolean;
  readonly alternatives: readonly Wanted[];
}

/** What requests are checked against. */
export interface RequestContext {
  readonly pools: readonly Pool[];
  readonly selectors: Selectors;
  deviceClass(name: string): Live<DeviceClass> | undefined;
}

/** How results name it. */
export const requestName = ({ name, parent }: Pick<Wanted, 'name' | 'parent'>): string =>
  parent === undefined ? name : `${parent}/${name}`;

/** How messages name a claim. */
export const claimText = ({ metadata: { namespace, name } }: Claim): string => (namespace ? `${namespace}/${name}` : name);

/** @throws when a claim asks for what cannot be. */
export function wantedOf(claim: Claim, context: RequestContext): WantedRequest[] {
  const requests = (claim.spec.devices?.requests ?? []).map((request) => readRequest(claim, request, context));
  const atLeast = requests.reduce((sum, { alternatives }) => sum + Math.min(...alternatives.map(({ count }) => count)), 0);
  if (atLeast > CLAIM_DEVICES_MAX) {
    throw new Error(`claim ${claimText(claim)}: number of requested devices ${atLeast} exceeds the claim limit of ${CLAIM_DEVICES_MAX}`);
  }
  return requests;
}

function readRequest(claim: Claim, { name, exactly, firstAvailable = [] }: DeviceRequest, context: RequestContext): WantedRequest {
  const read = (asked: ExactDeviceRequest | DeviceSubRequest, names: Pick<Wanted, 'name' | 'parent'>) =>
    readAsked(claim, { ...asked, ...names }, context);
  if (firstAvailable.length > 0) {
    return { isList: true, alternatives: firstAvailable.map((asked) => read(asked, { name: asked.name, parent: name })) };
  }
  return { isList: false, alternatives: [read(exactly ?? { deviceClassName: '' }, { name, parent: undefined })] };
}

type Asked = ExactDeviceRequest & Pick<Wanted, 'name' | 'parent'>;

function readAsked(claim: Claim, asked: Asked, context: RequestContext): Wanted {
  // Manifests that no API server has seen lack its defaults.
  const { name, parent, deviceClassName, selectors = [], allocationMode = 'ExactCount', adminAccess = false } = asked;
  const where = `claim ${claimText(claim)}, request ${name}`;
  if (asked.capacity) throw new Error(`${where}: has capacity requests, but the DRAConsumableCapacity feature is disabled`);
  const unknown = selectors.findIndex(({ cel }) => cel === undefined);
  if (unknown >= 0) throw new Error(`${where}, selector #${unknown}: CEL expression empty (unsupported selector type?)`);
  if (!deviceClassName) throw new Error(`${where}: missing device class name (unsupported request type?)`);
  const deviceClass = context.deviceClass(deviceClassName);
  if (!deviceClass) {
    const why = `deviceclass.resource.k8s.io "${deviceClassName}" not found`;
    throw new Error(`${where}: could not retrieve device class ${deviceClassName}: ${why}`);
  }
  const wanted = { name, parent, deviceClass, selectors, adminAccess, matches: new Map<PoolDevice, boolean>() };
  if (allocationMode === 'ExactCount') return { ...wanted, count: asked.count ?? 1, all: undefined };
  if (allocationMode !== 'All') throw new Error(`${where}: unsupported count mode ${allocationMode}`);
  const all = allDevices(claim, wanted, context);
  return { ...wanted, count: all.length, all };
}

/** Every device that matches; of a pool that is being changed nobody knows how many those are. */
function allDevices(claim: Claim, wanted: Omit<Wanted, 'count' | 'all'>, { pools, selectors }: RequestContext): PoolDevice[] {
  return pools.flatMap(({ id, devices, isIncomplete, invalid }) => {
    const state = isIncomplete ? 'being updated' : invalid === undefined ? undefined : 'invalid';
    if (state) {
      throw new Error(
        `claim ${claimText(claim)}, request ${wanted.name}: asks for all devices, but resource pool ${id} is currently ${state}`,
      );
    }
    return devices.filter((device) => isSelectable(claim, wanted, { device, selectors }));
  });
}

/** Whether a device is of the class and passes the tests of the request (`isSelectable`). @throws when a selector fails. */
export function isSelectable(
  claim: Claim,
  { deviceClass, selectors: own, matches }: Pick<Wanted, 'deviceClass' | 'selectors' | 'matches'>,
  { device, selectors }: { readonly device: PoolDevice; readonly selectors: Selectors },
): boolean {
  // Conditions of binding are behind a gate that is off (DRADeviceBindingConditions).
  if ((device.device.bindingConditions ?? []).length > 0) return false;
  const known = matches.get(device);
  if (known !== undefined) return known;
  const found =
    selectorsMatch(device, deviceClass.spec.selectors ?? [], { selectors, owner: `class ${deviceClass.metadata.name}` }) &&
    selectorsMatch(device, own, { selectors, owner: `claim ${claimText(claim)}` });
  matches.set(device, found);
  return found;
}
