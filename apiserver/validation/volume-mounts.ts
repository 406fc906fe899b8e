import { type Container, fieldError, type Volume, type VolumeDevice, type VolumeMount } from '../../api/index.ts';
import { type Errors, isEmpty, listOf } from './field-errors.ts';
import { checkLocalDescendingPath, hasBackstep } from './paths.ts';

const MOUNT_PROPAGATIONS: readonly string[] = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE_READ_ONLY: readonly string[] = ['Disabled', 'Enabled', 'IfPossible'];

type Volumes = ReadonlyMap<string, Volume>;

export function checkVolumeMounts(errors: Errors, path: string, container: Container, volumes: Volumes): void {
  const mounts = listOf(container.volumeMounts);
  // Of a name that comes twice the last counts, as in upstream's maps.
  const devices = new Map(listOf(container.volumeDevices).map(({ name, devicePath }) => [name, devicePath]));
  mounts.forEach((mount, i) => {
    const at = `${path}[${i}]`;
    if (isEmpty(mount.name)) errors.push(fieldError.required(`${at}.name`));
    if (!volumes.has(mount.name)) errors.push(fieldError.notFound(`${at}.name`, mount.name));
    if (isEmpty(mount.mountPath)) errors.push(fieldError.required(`${at}.mountPath`));
    if (isTaken(mounts, i)) errors.push(fieldError.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    checkAgainstDevices(errors, at, mount, devices);
    if (mount.subPath || mount.subPathExpr) checkSubPaths(errors, path, at, mount);
    if (mount.mountPropagation !== undefined) checkPropagation(errors, `${path}.mountPropagation`, mount.mountPropagation, container);
    if (mount.recursiveReadOnly !== undefined) checkRecursiveReadOnly(errors, `${path}.recursiveReadOnly`, mount);
  });
}

/** A mount before the i-th is at the same path. */
function isTaken(mounts: readonly VolumeMount[], i: number): boolean {
  const path = mounts[i]?.mountPath;
  for (let j = 0; j < i; j++) if (mounts[j]?.mountPath === path) return true;
  return false;
}

function checkAgainstDevices(errors: Errors, path: string, { name, mountPath }: VolumeMount, devices: ReadonlyMap<string, string>): void {
  if (devices.has(name)) {
    errors.push(fieldError.invalid(`${path}.name`, name, 'must not already exist in volumeDevices'));
  }
  if ([...devices.values()].includes(mountPath)) {
    errors.push(fieldError.invalid(`${path}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
  }
}

function checkSubPaths(errors: Errors, listPath: string, path: string, { subPath, subPathExpr }: VolumeMount): void {
  if (subPath) checkLocalDescendingPath(errors, `${listPath}.subPath`, subPath);
  if (!subPathExpr) return;
  if (subPath) errors.push(fieldError.invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  checkLocalDescendingPath(errors, `${listPath}.subPathExpr`, subPathExpr);
}

function checkPropagation(errors: Errors, path: string, propagation: string, { securityContext }: Container): void {
  if (!MOUNT_PROPAGATIONS.includes(propagation)) errors.push(fieldError.notSupported(path, propagation, MOUNT_PROPAGATIONS));
  if (propagation === 'Bidirectional' && securityContext?.privileged !== true) {
    errors.push(fieldError.forbidden(path, 'Bidirectional mount propagation is available only to privileged containers'));
  }
}

function checkRecursiveReadOnly(errors: Errors, path: string, mount: VolumeMount): void {
  const mode = mount.recursiveReadOnly ?? '';
  if (mode === 'Disabled') return;
  if (!RECURSIVE_READ_ONLY.includes(mode)) {
    errors.push(fieldError.notSupported(path, mode, RECURSIVE_READ_ONLY));
    return;
  }
  if (!mount.readOnly) errors.push(fieldError.forbidden(path, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    errors.push(fieldError.forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
}

export function checkVolumeDevices(errors: Errors, path: string, container: Container, volumes: Volumes): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  listOf(container.volumeDevices).forEach((device, i) => {
    const at = `${path}[${i}]`;
    if (isEmpty(device.name)) errors.push(fieldError.required(`${at}.name`));
    if (names.has(device.name)) errors.push(fieldError.invalid(`${at}.name`, device.name, 'must be unique'));
    checkDeviceVolume(errors, `${at}.name`, device.name, volumes.get(device.name));
    if (isEmpty(device.devicePath)) errors.push(fieldError.required(`${at}.devicePath`));
    checkDevicePath(errors, `${at}.devicePath`, device.devicePath, paths);
    checkAgainstMounts(errors, at, device, listOf(container.volumeMounts));
    if (device.name) names.add(device.name);
  });
}

function checkDeviceVolume(errors: Errors, path: string, name: string, volume: Volume | undefined): void {
  if (!volume) errors.push(fieldError.notFound(path, name));
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const message = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    errors.push(fieldError.invalid(path, name, message));
  }
}

function checkDevicePath(errors: Errors, path: string, devicePath: string, taken: Set<string>): void {
  if (taken.has(devicePath)) errors.push(fieldError.invalid(path, devicePath, 'must be unique'));
  if (hasBackstep(devicePath)) errors.push(fieldError.invalid(path, devicePath, "can not contain backsteps ('..')"));
  else taken.add(devicePath);
}

function checkAgainstMounts(errors: Errors, path: string, { name, devicePath }: VolumeDevice, mounts: readonly VolumeMount[]): void {
  if (mounts.some((mount) => mount.name === name)) {
    errors.push(fieldError.invalid(`${path}.name`, name, 'must not already exist in volumeMounts'));
  }
  if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
    errors.push(fieldError.invalid(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
  }
}
