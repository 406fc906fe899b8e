// Devices that drivers describe to container runtimes in files: https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
import { parseYaml } from '../../../api/index.ts';
import { type ContainerConfig, type Mount, RuntimeError } from '../cri.ts';
import type { ContainerFiles } from './files/container-files.ts';
import { newDevice } from './files/tree.ts';

/** Where specifications are; what is in a later directory goes before what is in an earlier one. */
const DIRECTORIES = ['/etc/cdi', '/var/run/cdi'];

/** What is done to a container that gets a device, as far as containers have it here. */
interface ContainerEdits {
  readonly env?: readonly string[] | undefined;
  readonly deviceNodes?: readonly { readonly path: string; readonly hostPath?: string | undefined }[] | undefined;
  readonly mounts?:
    | readonly { readonly hostPath: string; readonly containerPath: string; readonly options?: readonly string[] | undefined }[]
    | undefined;
  readonly additionalGids?: readonly number[] | undefined;
}

interface Specification {
  readonly kind?: string | undefined;
  readonly containerEdits?: ContainerEdits | undefined;
  readonly devices?: readonly { readonly name: string; readonly containerEdits?: ContainerEdits | undefined }[] | undefined;
}

/** A device with the specification that it is of. */
interface KnownDevice {
  readonly edits: ContainerEdits;
  readonly specification: Specification;
}

/**
 * What a container is to be with devices, by their qualified names: edits of a specification come once, before those of its devices.
 *
 * @throws RuntimeError in containerd's words when a device is not there, or twice
 */
export async function withCdiDevices(files: ContainerFiles, config: ContainerConfig, names: readonly string[]): Promise<ContainerConfig> {
  const known = await readDevices(files);
  const missing = names.filter((name) => !known.get(name));
  if (missing.length > 0) throw new RuntimeError('Unknown', `CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}`);
  const seen = new Set<Specification>();
  const edits: ContainerEdits[] = [];
  for (const name of new Set(names)) {
    const device = known.get(name);
    if (!device) continue;
    const { specification } = device;
    if (!seen.has(specification) && specification.containerEdits) edits.push(specification.containerEdits);
    seen.add(specification);
    edits.push(device.edits);
  }
  const { environment, mounts, security } = config;
  const variables = edits.flatMap(({ env = [] }) => env.map(splitVariable));
  const groups = edits.flatMap(({ additionalGids = [] }) => additionalGids);
  const added = await Promise.all(edits.map((each) => mountsOf(files, each)));
  return {
    ...config,
    environment: async () => new Map([...((await environment?.()) ?? []), ...variables]),
    mounts: [...mounts, ...added.flat()],
    ...(groups.length > 0 ? { security: { ...security, supplementalGroups: [...(security?.supplementalGroups ?? []), ...groups] } } : {}),
  };
}

/** Devices by their qualified names; undefined for one that two files of a directory describe. */
async function readDevices(files: ContainerFiles): Promise<ReadonlyMap<string, KnownDevice | undefined>> {
  const known = new Map<string, KnownDevice | undefined>();
  for (const directory of DIRECTORIES) {
    const here = new Map<string, KnownDevice | undefined>();
    for (const specification of await readSpecifications(files, directory)) {
      for (const { name, containerEdits = {} } of specification.devices ?? []) {
        const key = `${specification.kind}=${name}`;
        here.set(key, here.has(key) ? undefined : { edits: containerEdits, specification });
      }
    }
    for (const [key, device] of here) known.set(key, device);
  }
  return known;
}

/** What cannot be read is passed over, as the runtime does. */
async function readSpecifications(files: ContainerFiles, directory: string): Promise<Specification[]> {
  const names = await files.readdir(directory).catch(() => []);
  const read = names
    .filter((name) => /\.(?:json|yaml)$/.test(name))
    .map(async (name) => {
      try {
        return [parseYaml((await files.readFile(`${directory}/${name}`)).toString()) as Specification];
      } catch {
        return [];
      }
    });
  return (await Promise.all(read)).flat();
}

const splitVariable = (text: string): [string, string] => {
  const [name = ''] = text.split('=', 1);
  return [name, text.slice(name.length + 1)];
};

/** Directories, files and devices of the node that a device brings. @throws RuntimeError when one is not there */
async function mountsOf(files: ContainerFiles, { deviceNodes = [], mounts = [] }: ContainerEdits): Promise<Mount[]> {
  const shared = mounts.map(async ({ hostPath, containerPath, options = [] }): Promise<Mount> => {
    const tree = await files.nodeAt(hostPath).catch(() => undefined);
    if (!tree) throw new RuntimeError('Unknown', `failed to stat "${hostPath}": stat ${hostPath}: no such file or directory`);
    return { containerPath, readOnly: options.includes('ro'), volume: { name: hostPath, tree }, subPath: '' };
  });
  const devices = deviceNodes.map(async ({ path, hostPath = path }): Promise<Mount> => {
    const tree = (await files.nodeAt(hostPath).catch(() => undefined)) ?? newDevice('char', 0);
    return { containerPath: path, readOnly: false, volume: { name: hostPath, tree }, subPath: '' };
  });
  return await Promise.all([...shared, ...devices]);
}
