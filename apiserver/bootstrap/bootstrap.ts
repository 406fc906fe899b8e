import { isDeepStrictEqual } from 'node:util';
import {
  apiVersionOf,
  type ClusterRoleBinding,
  type ConfigMap,
  coreKinds,
  isAlreadyExists,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Service as KubeService,
  type Live,
  rbacKinds,
  type ServiceCIDR,
} from '../../api/index.ts';
import type { Clock, Logger, Random, RequestHeaderOptions, Service } from '../../runtime/index.ts';
import { ensureFlowObjects } from '../flow-control/maintenance.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { joinBundles } from './certificates.ts';
import { IdentityLease } from './identity-lease.ts';
import type { MasterLeases } from './master-leases.ts';
import { CLUSTER_ROLE_BINDINGS, NAMESPACE_ROLE_BINDINGS } from './rbac-bindings.ts';
import { CONTROLLER_MANAGER_BINDINGS, CONTROLLER_MANAGER_NAMESPACE_BINDINGS } from './rbac-controller-manager.ts';
import { CONTROLLER_ROLES } from './rbac-controller-roles.ts';
import { KUBELET_API_BINDING, KUBELET_SIM_BINDING, KUBELET_SIM_ROLE, METRICS_READER_ROLE } from './rbac-kubelet-sim.ts';
import { reconcileBinding, reconcileRole } from './rbac-reconcile.ts';
import { CLUSTER_ROLES, NAMESPACE_ROLES } from './rbac-roles.ts';
import { type BindingSpec, bindingOf, roleOf } from './rbac-spec.ts';
import { ServiceEndpoints } from './service-endpoints.ts';
import {
  authenticationConfig,
  joinAuthentication,
  kubernetesService,
  namespaceOf,
  PRIORITY_CLASSES,
  type ServiceAddress,
  SYSTEM_NAMESPACES,
  serviceCidr,
  serviceCidrStatus,
  tokenTracking,
} from './system-objects.ts';

/*
 * The objects a cluster begins with. At start all are looked up in the watch cache and those that are missing or were changed are written
 * at once, side by side, so that they share the store's syncs; after that the system's namespaces, Service, Endpoints and CA are looked
 * after every ten seconds, and the objects of flow control every minute. The server's own Lease is renewed every ten seconds.
 */

const DISCOVERY = 'system:discovery';
/** Who tells that the range is ready. */
const SERVICE_CIDR_MANAGER = 'kubernetes-service-cidr-controller';
const PUBLIC_INFO = 'system:public-info-viewer';

export interface BootstrapOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** The kinds that are served: only those are written. */
  readonly kinds: readonly KindInfo[];
  /** PEM of the CAs that sign client certificates, as they are now. */
  readonly clientCa: () => string;
  /** How front proxies make users known; absent where they may not. */
  readonly requestHeaders?: RequestHeaderOptions | undefined;
  /** `--service-cluster-ip-range` */
  readonly serviceClusterIpRange: string;
  /** Asked for at start, when the port is known. */
  readonly address: () => ServiceAddress;
  /** The API servers on this store; absent when the endpoints of the kubernetes Service are left alone. */
  readonly leases?: MasterLeases | undefined;
  /** Of this machine. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often what others may have deleted is looked after. */
const INTERVAL_MS = 10_000;
/** Of those times, how many pass until the objects of flow control are looked after again. */
const FLOW_CONTROL_TURNS = 6;
/** Likewise, until the Leases of servers that are gone are. */
const COLLECTING_TURNS = 360;
/** How long a stop waits for the store. */
const WITHDRAW_MS_MAX = 1000;

/** Makes the service that creates the objects of a new cluster and keeps them: {@link Service.start} resolves once they are there. */
export const createBootstrap = (options: BootstrapOptions): Service => new Bootstrap(options);

class Bootstrap implements Service {
  readonly #options: BootstrapOptions;
  readonly #endpoints: ServiceEndpoints | undefined;
  readonly #identity: IdentityLease | undefined;
  readonly #stopped = new AbortController();
  #upkeep: Promise<void> | undefined;

  constructor(options: BootstrapOptions) {
    const { objects, leases, address } = options;
    this.#options = options;
    const slices = this.#served('discovery.k8s.io', 'endpointslices');
    this.#endpoints = leases && new ServiceEndpoints({ objects, leases, slices, address });
    const kind = this.#served('coordination.k8s.io', 'leases');
    this.#identity = kind && new IdentityLease({ ...options, kind });
  }

  /** Rejects when the cluster cannot be used; that its own Service is not right does not keep a server from serving. */
  async start(): Promise<void> {
    await Promise.all([
      this.#ensureSystem(),
      this.#ensureService(withPorts).catch(this.#complain),
      this.#ensureRbac(),
      this.#ensureOnce(),
      this.#ensureFlowControl(),
      this.#endpoints?.reconcile().catch(this.#complain),
      this.#identity?.renew(),
      this.#identity?.collect(),
    ]);
    this.#upkeep ??= this.#keepUp();
  }

  /** Others take over: the address of this server is taken out, if the store can be reached at all. */
  async stop(): Promise<void> {
    const { clock, logger } = this.#options;
    this.#stopped.abort();
    await this.#upkeep;
    if (!this.#endpoints || !this.#upkeep) return;
    const withdrawn = this.#endpoints.withdraw().catch((err: unknown) => {
      logger.warn({ err }, 'this server could not be taken out of the endpoints of the kubernetes Service');
    });
    await Promise.race([withdrawn, clock.sleep(WITHDRAW_MS_MAX)]);
  }

  readonly #complain = (err: unknown): void => {
    this.#options.logger.warn({ err }, 'system objects could not be put right; trying again');
  };

  async #keepUp(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopped;
    for (let turn = 1; await slept(clock, signal); turn++) {
      await this.#ensureSystem().catch(this.#complain);
      await this.#ensureService().catch(this.#complain);
      await this.#ensureServiceCidr().catch(this.#complain);
      if (turn % FLOW_CONTROL_TURNS === 0) await this.#ensureFlowControl().catch(this.#complain);
      await this.#endpoints?.reconcile().catch(this.#complain);
      await this.#identity?.renew().catch(this.#complain);
      if (turn % COLLECTING_TURNS === 0) await this.#identity?.collect().catch(this.#complain);
    }
  }

  /** The Service's port is put right at the start only, as upstream's: servers that differ do not fight. */
  #ensureService(reconcile?: typeof withPorts): Promise<void> {
    return this.#ensure<KubeService>(coreKinds.services, kubernetesService(this.#options.address()), reconcile);
  }

  /** What the cluster cannot be without at any time. */
  async #ensureSystem(): Promise<void> {
    const { clientCa, requestHeaders, clock } = this.#options;
    const now = clock.now();
    const config = authenticationConfig(joinBundles('', clientCa(), now), requestHeaders);
    await Promise.all([
      ...SYSTEM_NAMESPACES.map((name) => this.#ensure(coreKinds.namespaces, namespaceOf(name))),
      this.#ensure<ConfigMap>(coreKinds.configmaps, config, (existing, expected) => withAuthentication(existing, expected, now)),
    ]);
  }

  /** What is created when it is missing and then left to the user. */
  async #ensureOnce(): Promise<void> {
    const priorityClasses = this.#served('scheduling.k8s.io', 'priorityclasses');
    await Promise.all([
      ...(priorityClasses ? PRIORITY_CLASSES.map((object) => this.#ensure(priorityClasses, object)) : []),
      this.#ensureServiceCidr(),
      this.#ensure(coreKinds.configmaps, tokenTracking(this.#options.clock.now())),
    ]);
  }

  async #ensureFlowControl(): Promise<void> {
    if (this.#served('flowcontrol.apiserver.k8s.io', 'flowschemas')) await ensureFlowObjects(this.#options.objects);
  }

  /** Upstream: `pkg/controlplane/controller/defaultservicecidr`. */
  async #ensureServiceCidr(): Promise<void> {
    const { clock, objects, serviceClusterIpRange } = this.#options;
    const kind = this.#served('networking.k8s.io', 'servicecidrs');
    if (!kind) return;
    const expected = serviceCidr(serviceClusterIpRange);
    await this.#ensure(kind, expected, withSecondCidr);
    const name = expected.metadata.name ?? '';
    const live = objects.get<ServiceCIDR>(kind, '', name);
    const isTold = live?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status !== 'Unknown');
    // Another range than ours is its owner's affair, and so is the status of one that goes.
    if (!live || isTold || live.metadata.deletionTimestamp || !isDeepStrictEqual(live.spec.cidrs, expected.spec.cidrs)) return;
    const config = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, status: serviceCidrStatus(clock.now()) };
    await objects.as(SERVICE_CIDR_MANAGER).applyStatus(kind, name, config);
  }

  async #ensureRbac(): Promise<void> {
    const clusterRoles = [...CLUSTER_ROLES, ...CONTROLLER_ROLES, KUBELET_SIM_ROLE, METRICS_READER_ROLE];
    const clusterBindings = [
      ...CLUSTER_ROLE_BINDINGS,
      ...CONTROLLER_ROLES.map(controllerBinding),
      KUBELET_SIM_BINDING,
      KUBELET_API_BINDING,
      ...CONTROLLER_MANAGER_BINDINGS,
    ];
    await this.#splitDiscovery();
    const roles = (kind: KindInfo, specs: typeof CLUSTER_ROLES) => specs.map((spec) => this.#ensure(kind, roleOf(spec), reconcileRole));
    await Promise.all([
      ...roles(rbacKinds.clusterroles, clusterRoles),
      ...roles(rbacKinds.roles, NAMESPACE_ROLES),
      ...clusterBindings.map((spec) => this.#ensureBinding(rbacKinds.clusterrolebindings, spec)),
      ...[...NAMESPACE_ROLE_BINDINGS, ...CONTROLLER_MANAGER_NAMESPACE_BINDINGS].map((spec) =>
        this.#ensureBinding(rbacKinds.rolebindings, spec),
      ),
    ]);
  }

  /**
   * What everybody may read was part of what {@link DISCOVERY} is bound to, until 1.14: who is bound there is bound to it too, where it is
   * missing. Upstream: `primeSplitClusterRoleBindings` of `pkg/registry/rbac/rest/storage_rbac.go`.
   */
  async #splitDiscovery(): Promise<void> {
    const kind = rbacKinds.clusterrolebindings;
    const spec = CLUSTER_ROLE_BINDINGS.find(({ name }) => name === PUBLIC_INFO);
    const from = this.#options.objects.get<ClusterRoleBinding>(kind, '', DISCOVERY);
    if (!spec || !from || this.#options.objects.get(kind, '', PUBLIC_INFO)) return;
    const { labels, annotations } = from.metadata;
    const { roleRef, metadata } = bindingOf(spec);
    await this.#ensure(kind, { roleRef, subjects: from.subjects, metadata: { name: metadata.name, labels, annotations } });
  }

  async #ensureBinding(kind: KindInfo, spec: BindingSpec): Promise<void> {
    const { objects } = this.#options;
    const expected = bindingOf(spec);
    const existing = objects.get<typeof expected>(kind, spec.namespace ?? '', spec.name);
    if (existing && reconcileBinding(existing, expected) === 'recreate') await this.#remove(kind, expected);
    await this.#ensure(kind, expected, (found, wanted) => {
      const verdict = reconcileBinding(found, wanted);
      return verdict === 'recreate' ? undefined : verdict;
    });
  }

  async #remove(kind: KindInfo, { metadata }: KubeObject): Promise<void> {
    try {
      await this.#options.objects.delete(kind, metadata.namespace ?? '', metadata.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Creates an object, or writes what `reconcile` makes of the one that is there. Another API server may be at it at the same time. */
  async #ensure<T extends KubeObject>(
    kind: KindInfo,
    expected: T,
    reconcile: (existing: Live<T>, expected: T) => T | undefined = () => undefined,
  ): Promise<void> {
    const { objects } = this.#options;
    const { namespace = '', name = '' } = expected.metadata;
    const existing = objects.get<T>(kind, namespace, name);
    try {
      if (!existing) await objects.create(kind, expected);
      else if (reconcile(existing, expected)) await objects.update<T>(kind, namespace, name, (current) => reconcile(current, expected));
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  }

  #served(group: string, resource: string): KindInfo | undefined {
    return this.#options.kinds.find((kind) => kind.group === group && kind.resource === resource);
  }
}

/** @returns false when the wait was ended. */
async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(INTERVAL_MS, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** Every controller's role is bound to the service account of its name. */
const controllerBinding = ({ name }: { readonly name: string }): BindingSpec => ({
  name,
  to: [`account:kube-system/${name.slice('system:controller:'.length)}`],
});

const withPorts = (existing: Live<KubeService>, expected: KubeService): KubeService | undefined => {
  const [port] = existing.spec.ports ?? [];
  const [wanted] = expected.spec.ports ?? [];
  if (existing.spec.ports?.length === 1 && port?.port === wanted?.port && port?.targetPort === wanted?.targetPort) return undefined;
  return { ...existing, spec: { ...existing.spec, ports: expected.spec.ports } };
};

/** A cluster that became dual-stack has a second range; nothing else of it changes. */
const withSecondCidr = (existing: Live<ServiceCIDR>, { spec }: ServiceCIDR): ServiceCIDR | undefined => {
  const [first, second] = existing.spec.cidrs ?? [];
  const grows = second === undefined && spec.cidrs?.length === 2 && spec.cidrs[0] === first;
  return grows ? { ...existing, spec } : undefined;
};

/** Each server adds what it trusts to what the others do. */
const withAuthentication = (existing: Live<ConfigMap>, expected: ConfigMap, now: number): ConfigMap | undefined => {
  const data = { ...existing.data };
  for (const [name, value] of Object.entries(expected.data ?? {}))
    data[name] = joinAuthentication(name, { present: data[name] ?? '', value }, now);
  return isDeepStrictEqual(data, existing.data) ? undefined : { ...existing, data };
};
