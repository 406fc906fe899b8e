// Drivers of devices over gRPC: dra/v1 and dra/v1beta1 (staging/src/k8s.io/kubelet/pkg/apis/dra), which differ in the name of their service only.

import { goQuote } from '../../../api/index.ts';
import {
  Channel,
  type DraftOf,
  GrpcError,
  many,
  message,
  methodsOf,
  nested,
  string,
  strings,
  type UnaryMethod,
} from '../../../runtime/grpc.ts';
import type { PluginHandler, PluginWorld } from '../plugin-manager.ts';
import type { DraCounts } from './dra-counts.ts';
import type { ClaimAnswer, DraDrivers, DraPlugin, DriverClaim } from './dra-drivers.ts';

/** How long a call may take. Upstream: `defaultClientCallTimeout`, `pkg/kubelet/cm/dra/plugin/dra_plugin.go`. */
const CALL_MS = 45_000;

const Claim = message({ namespace: string(1), uid: string(2), name: string(3) });
const Claims = message({ claims: many(1, () => Claim) });
const Device = message({ requestNames: strings(1), poolName: string(2), deviceName: string(3), cdiDeviceIds: strings(4) });
const Prepared = message({ devices: many(1, () => Device), error: string(2) });
const PreparedEntry = message({ key: string(1), value: nested(2, () => Prepared) });
const PrepareResponse = message({ claims: many(1, () => PreparedEntry) });
const Unprepared = message({ error: string(1) });
const UnpreparedEntry = message({ key: string(1), value: nested(2, () => Unprepared) });
const UnprepareResponse = message({ claims: many(1, () => UnpreparedEntry) });

const methodsIn = (service: string) => {
  const method = methodsOf(service);
  return {
    prepare: method('NodePrepareResources', Claims, PrepareResponse),
    unprepare: method('NodeUnprepareResources', Claims, UnprepareResponse),
  };
};

/** By the versions that drivers name, the newest first; the package of the service is longer. */
export const DRA_SERVICES = {
  'v1.DRAPlugin': methodsIn('k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'),
  'v1beta1.DRAPlugin': methodsIn('k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin'),
} as const;
type Service = keyof typeof DRA_SERVICES;

const isService = (name: string): name is Service => Object.hasOwn(DRA_SERVICES, name);

interface PluginParts {
  readonly driverName: string;
  readonly endpoint: string;
  readonly service: Service;
  readonly onChange: () => void;
  readonly counts: DraCounts;
}

class GrpcDraPlugin implements DraPlugin {
  readonly driverName: string;
  readonly endpoint: string;
  readonly #world: PluginWorld;
  readonly #parts: PluginParts;
  readonly #channel: Channel;

  constructor(world: PluginWorld, parts: PluginParts) {
    this.driverName = parts.driverName;
    this.endpoint = parts.endpoint;
    this.#world = world;
    this.#parts = parts;
    const { sockets, clock, random } = world;
    this.#channel = new Channel({ dial: () => sockets.dial(parts.endpoint), clock, random, onChange: parts.onChange });
    this.#channel.connect();
  }

  get isConnected(): boolean {
    return this.#channel.isConnected;
  }

  async prepare(claims: readonly DriverClaim[]): Promise<ReadonlyMap<string, ClaimAnswer>> {
    const answer = await this.#call(DRA_SERVICES[this.#parts.service].prepare, { claims });
    return new Map(answer.claims.map(({ key, value }) => [key, value ?? { devices: [], error: '' }]));
  }

  async unprepare(claims: readonly DriverClaim[]): Promise<ReadonlyMap<string, Pick<ClaimAnswer, 'error'>>> {
    const answer = await this.#call(DRA_SERVICES[this.#parts.service].unprepare, { claims });
    return new Map(answer.claims.map(({ key, value }) => [key, value ?? { error: '' }]));
  }

  async #call<S>(method: UnaryMethod<DraftOf<typeof Claims>, S>, request: DraftOf<typeof Claims>): Promise<S> {
    const begin = this.#world.clock.monotonic();
    let code = 'OK';
    try {
      return await this.#channel.call(method, request, CALL_MS);
    } catch (error) {
      code = error instanceof GrpcError ? error.code : 'Unknown';
      throw error;
    } finally {
      const labels = { driver_name: this.driverName, method_name: method.path, grpc_status_code: code };
      this.#parts.counts.called(labels, (this.#world.clock.monotonic() - begin) / 1000);
    }
  }

  close(): void {
    this.#channel.close();
  }
}

/** What becomes of a driver of devices that registers. Upstream: `RegisterPlugin` of `dra_plugin_manager.go`. */
export const draHandler = (world: PluginWorld & { readonly drivers: DraDrivers; readonly draCounts: DraCounts }): PluginHandler => ({
  validate: serviceOf,
  register: (driverName, endpoint, versions) => {
    const service = serviceOf(driverName, endpoint, versions);
    const onChange = () => world.drivers.connectionChanged(driverName);
    world.drivers.add(new GrpcDraPlugin(world, { driverName, endpoint, service, onChange, counts: world.draCounts }));
  },
  deregister: (driverName, endpoint) => world.drivers.remove(driverName, endpoint),
});

const goStrings = (texts: readonly string[]): string => `[${texts.map(goQuote).join(' ')}]`;

/** The first version of the driver's that is known here. @throws Error when none is */
function serviceOf(driverName: string, endpoint: string, versions: readonly string[]): Service {
  const found = versions.find(isService);
  if (found) return found;
  const why =
    versions.length === 0
      ? 'empty list of supported gRPC services (aka supported versions)'
      : `none of services supported by the plugin (${goStrings(versions)}) are supported by the kubelet (${goStrings(Object.keys(DRA_SERVICES))})`;
  throw new Error(`invalid supported gRPC versions of DRA driver plugin ${driverName} at endpoint ${endpoint}: ${why}`);
}
