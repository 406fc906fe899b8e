import {
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  planResize,
  Quantity,
  toTime,
  volumeSize,
} from '../../../../api/index.ts';
import { GrpcError } from '../../../../runtime/grpc.ts';
import { accessModeOf, capabilityOf } from '../../../plugins/csi/csi-protocol.ts';
import { UNCERTAIN } from '../../../plugins/csi/uncertain.ts';
import type { Told } from '../in-cluster/event-recorder.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import type { CsiDriver } from './csi-driver.ts';
import { Retries } from './retries.ts';
import { secretsOf } from './secrets.ts';
import { type ControllerWorld, sidecar } from './sidecar.ts';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;

const STEPS_MAX = 4;
/** What asking again for the same would be answered with again. Upstream: `IsInfeasibleError`. */
const INFEASIBLE: ReadonlySet<string> = new Set(['InvalidArgument', 'OutOfRange', 'NotFound']);

/** How a volume is used, as the driver is told. */
const useOf = ({ spec: { accessModes = [], csi, mountOptions, volumeMode } }: Volume) => {
  const mode = accessModeOf(accessModes[0] ?? '', false);
  return capabilityOf({ isDevice: volumeMode === 'Block', mode, fsType: csi?.fsType, mountFlags: mountOptions });
};

/** `csi-resizer`: has volumes of its driver grow with their claims. Upstream: `kubernetes-csi/external-resizer`. */
export const csiResizer = (argv: readonly string[]): Program =>
  sidecar(argv, 'external-resizer-', (context) => {
    const resizer = new Resizer(context);
    return (world, driver) => resizer.look(world, driver);
  });

class Resizer {
  readonly #context: ProcessContext;
  readonly #retries = new Retries();
  /** Claims whose last try has failed for good. */
  readonly #failed = new Set<string>();
  #component = '';

  constructor(context: ProcessContext) {
    this.#context = context;
  }

  async look(world: ControllerWorld, driver: CsiDriver): Promise<void> {
    this.#component = `external-resizer ${driver.name}`;
    const claims = await world.client.list<PersistentVolumeClaim>('/api/v1/persistentvolumeclaims');
    const volumes = await world.client.list<PersistentVolume>('/api/v1/persistentvolumes');
    const uids = new Set(claims.map(({ metadata }) => metadata.uid));
    this.#retries.keepOnly(uids);
    for (const uid of this.#failed) if (!uids.has(uid)) this.#failed.delete(uid);
    const own = new Map(volumes.filter(({ spec }) => spec.csi?.driver === driver.name).map((volume) => [volume.metadata.name, volume]));
    for (const claim of claims) {
      const volume = own.get(claim.spec.volumeName ?? '');
      if (!volume) continue;
      const told = (error: unknown) => world.log('E', `controller.go:300] error syncing PVC "${keyOf(claim)}": ${messageOf(error)}`);
      await this.#retries.attempt(claim, this.#context.clock, () => this.#grow(world, driver, { claim, volume }), told);
    }
  }

  async #grow(world: ControllerWorld, driver: CsiDriver, growing: { readonly claim: Claim; readonly volume: Volume }): Promise<void> {
    let { claim, volume } = growing;
    for (let i = 0; i < STEPS_MAX; i++) {
      const plan = planResize(claim, volume, this.#context.clock.now(), this.#failed.has(claim.metadata.uid));
      switch (plan.action) {
        case 'begin':
          claim = await this.#writeStatus(world, claim, plan.status);
          this.#failed.delete(claim.metadata.uid);
          this.#tell(world, claim, {
            type: 'Normal',
            reason: 'Resizing',
            message: `External resizer is resizing volume ${volume.metadata.name}`,
          });
          break;
        case 'grow': {
          const grown = await this.#expand(world, driver, { claim, volume: plan.volume });
          if (!grown) return;
          volume = grown;
          break;
        }
        case 'handOver':
          await this.#writeStatus(world, claim, plan.status);
          this.#tell(world, claim, {
            type: 'Normal',
            reason: 'FileSystemResizeRequired',
            message: 'Require file system resize of volume on node',
          });
          return;
        case 'nothing':
          return;
      }
    }
  }

  /** @returns the volume that has grown; undefined when the driver could not. */
  async #expand(
    world: ControllerWorld,
    driver: CsiDriver,
    { claim, volume }: { readonly claim: Claim; readonly volume: Volume },
  ): Promise<Volume | undefined> {
    const { name } = volume.metadata;
    try {
      const sizeBytes = await this.#expandedTo(world, driver, volume);
      const storage = Quantity.of(sizeBytes, 'BinarySI').canonical();
      this.#retries.succeeded(claim);
      this.#failed.delete(claim.metadata.uid);
      const { annotations } = volume.metadata;
      return await world.client.merge<PersistentVolume>(`/api/v1/persistentvolumes/${name}`, {
        metadata: { annotations },
        spec: { capacity: { storage } },
      });
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      if (!UNCERTAIN.has(error.code)) this.#failed.add(claim.metadata.uid);
      const { conditions = [] } = claim.status;
      const failure = {
        type: 'ControllerResizeError',
        status: 'True',
        lastTransitionTime: toTime(this.#context.clock.now()),
        message: `failed to expand pvc with ${error.message}`,
      };
      const written = await this.#writeStatus(world, claim, {
        ...claim.status,
        conditions: [...conditions.filter(({ type }) => type !== failure.type), failure],
        ...(INFEASIBLE.has(error.code)
          ? { allocatedResourceStatuses: { ...claim.status.allocatedResourceStatuses, storage: 'ControllerResizeInfeasible' } }
          : {}),
      });
      this.#retries.failed(claim, this.#context.clock.now(), written.metadata.resourceVersion);
      const message = `resize volume "${name}" by resizer "${driver.name}" failed: ${error.message}`;
      this.#tell(world, claim, { type: 'Warning', reason: 'VolumeResizeFailed', message });
      return undefined;
    }
  }

  /** What the driver makes of it; of one that has no part in that, as much as is wanted. Upstream: `trivialResizer`. */
  async #expandedTo(world: ControllerWorld, driver: CsiDriver, volume: Volume): Promise<number> {
    const wanted = volumeSize(volume).value();
    if (!(await driver.can('expandVolume'))) return wanted;
    const { volumeHandle = '', controllerExpandSecretRef } = volume.spec.csi ?? {};
    const secrets = await secretsOf(world, controllerExpandSecretRef);
    return (await driver.expandVolume(volumeHandle, wanted, { secrets, capability: useOf(volume) })).sizeBytes;
  }

  async #writeStatus({ client }: ControllerWorld, { metadata }: Claim, status: PersistentVolumeClaim['status']): Promise<Claim> {
    const { conditions, allocatedResources, allocatedResourceStatuses } = status;
    const path = `/api/v1/namespaces/${metadata.namespace ?? ''}/persistentvolumeclaims/${metadata.name}/status`;
    return await client.merge(path, { status: { conditions, allocatedResources, allocatedResourceStatuses } });
  }

  #tell({ tell }: ControllerWorld, claim: Claim, told: Told): void {
    tell(this.#component, { ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }, told);
  }
}
