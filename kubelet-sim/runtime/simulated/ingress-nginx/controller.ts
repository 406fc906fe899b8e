import type { ConfigMap, Live, Pod } from '../../../../api/index.ts';
import type { Timer } from '../../../../runtime/index.ts';
import type { HttpResponse } from '../../cri.ts';
import { EventRecorder } from '../in-cluster/event-recorder.ts';
import { ask, type InCluster, inCluster, RefusedError } from '../in-cluster/in-cluster.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { type Klog, klogTo } from '../in-cluster/klog.ts';
import { LeaderElection } from '../in-cluster/leader-election.ts';
import type { ServedRequest } from '../network/listener.ts';
import type { ProcessContext, Program } from '../program.ts';
import { ServingProgram } from '../serving-program.ts';
import { warningsOf } from './admission.ts';
import { fakeCertificate } from './certificates.ts';
import { Configurer } from './configurer.ts';
import { fingerprint } from './fingerprint.ts';
import { type ControllerFlags, readFlags } from './flags.ts';
import { type Address, hasAddresses, IngressStatus } from './ingress-status.ts';
import { IngressMetrics } from './metrics.ts';
import type { Configuration } from './model.ts';
import { ObjectStore } from './object-store.ts';
import { IngressProxy, type ProxyState } from './proxy.ts';
import { reviewed } from './review.ts';
import { IngressServers } from './servers.ts';
import { readSettings, type Settings } from './settings.ts';
import { greeting, releaseOf } from './version.ts';
import type { LiveIngress } from './world.ts';

/** What klog's fatal lines end with. */
const EXIT_FATAL = 255;
/** Changes that come together are made together. */
const SYNC_MS = 100;
/** How often the addresses of Ingresses are looked at (`--status-update-interval`). */
const STATUS_MS = 60_000;
const LEASE_SECONDS = 30;
/** How long it stays when nginx has ended (`--post-shutdown-grace-period`). */
const SHUTDOWN_MS = 10_000;
const NOTHING: Configuration = { servers: new Map(), upstreams: new Map() };

/** Ends it with what klog says of a fatal error. */
class Fatal extends Error {
  override readonly name = 'Fatal';
}

/**
 * ingress-nginx: the controller, and the nginx that it configures (upstream `cmd/nginx`, `internal/ingress`). It watches Ingresses and what
 * they name as the account of its pod, serves them on its ports, writes events and addresses, and judges Ingresses as a webhook.
 */
export const ingressController = (argv: readonly string[]): Program => ({
  start: (context) => new IngressController(context, readFlags(argv)),
});

class IngressController extends ServingProgram {
  readonly #flags: ControllerFlags;
  readonly #log: Klog;
  readonly #metrics: IngressMetrics;
  #parts: Parts | undefined;
  #configuration: Configuration = NOTHING;
  #settings: Settings = readSettings({});
  #running = '';
  #addresses: readonly Address[] = [];
  #reloads = { count: 0, at: 0 };
  #checks = { good: 0, bad: 0 };
  #syncTimer: Timer | undefined;
  #statusTimer: Timer | undefined;
  #stopTimer: Timer | undefined;
  #isStopping = false;

  constructor(context: ProcessContext, flags: ControllerFlags) {
    super(context);
    this.#flags = flags;
    this.#log = klogTo(context);
    this.#metrics = new IngressMetrics(flags);
    this.#begin().catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.isDone) return;
    this.#log('F', error instanceof Fatal ? error.message : `main.go:186] ${messageOf(error)}`);
    this.exit(EXIT_FATAL);
  }

  async #begin(): Promise<void> {
    const server = await inCluster(this.context).catch((error: unknown) => {
      throw new Fatal(`main.go:262] Error while initiating a connection to the Kubernetes API server. ${UNREACHABLE}${messageOf(error)}`);
    });
    const pod = await this.#ownPod(server);
    if (this.isDone) return;
    const release = releaseOf(pod);
    this.context.output('stdout', greeting(release));
    await this.#greet(server);
    const hasClasses = await this.#maySeeClasses(server);
    const fake = fakeCertificate(this.context.clock);
    this.#log('I', 'main.go:101] "SSL fake certificate created" file="/etc/ingress-controller/ssl/default-fake-certificate.pem"');
    const webhook = await this.#webhookFiles();
    if (this.isDone) return;
    this.#log('I', 'nginx.go:273] "Starting NGINX Ingress controller"');
    const events = new EventRecorder(this.context, server, 'nginx-ingress-controller');
    const store = this.#newStore(server, events, hasClasses);
    const configurer = new Configurer(store, this.#flags);
    const proxy = new IngressProxy(this.context, this.#proxyState(configurer), this.#metrics);
    const status = new IngressStatus(this.context, server, this.#flags, pod);
    this.#parts = { server, pod, release, events, store, configurer, proxy, status, servers: undefined, election: undefined };
    await store.start();
    if (this.isDone) return;
    this.#log('I', 'nginx.go:319] "Starting NGINX process"');
    this.#sync();
    this.#parts.servers = new IngressServers(this.context, {
      flags: this.#flags,
      proxy,
      certificates: configurer.certificates,
      fake,
      webhook,
      configuration: () => this.#configuration,
      review: (request) => this.#review(request, configurer),
      metrics: () => this.#metricsText(),
    });
    if (this.#flags.isElected) this.#parts.election = this.#elect(this.#parts);
  }

  /** @throws Fatal */
  async #ownPod(server: InCluster): Promise<Pod> {
    const environment = await this.context.environment();
    const [name, namespace] = [environment.get('POD_NAME'), environment.get('POD_NAMESPACE')];
    const failed = (why: string) => new Fatal(`main.go:120] Unexpected error obtaining ingress-nginx pod: ${why}`);
    if (!name || !namespace) throw failed('unable to get POD information (missing POD_NAME or POD_NAMESPACE environment variable');
    try {
      return (await ask(this.context, server, { method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}` })) as Pod;
    } catch (error) {
      throw failed(`unable to get POD information: ${messageOf(error)}`);
    }
  }

  /** @throws Fatal for Services that are not there */
  async #greet(server: InCluster): Promise<void> {
    const version = (await ask(this.context, server, { method: 'GET', path: '/version' })) as Readonly<Record<string, string>>;
    this.#log(
      'W',
      'client_config.go:667] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.',
    );
    this.#log('I', `main.go:205] "Creating API client" host=${JSON.stringify(server.url)}`);
    const { major, minor, gitVersion, gitTreeState, gitCommit, platform } = version;
    const said = { major, minor, git: gitVersion, state: gitTreeState, commit: gitCommit, platform };
    const pairs = Object.entries(said).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    this.#log('I', `main.go:248] "Running in Kubernetes cluster" ${pairs.join(' ')}`);
    for (const key of [this.#flags.defaultBackendService, this.#flags.publishService])
      if (key !== '') await this.#checkService(server, key);
    if (this.#flags.defaultBackendService !== '')
      this.#log('I', `main.go:83] "Valid default backend" service=${JSON.stringify(this.#flags.defaultBackendService)}`);
  }

  async #checkService(server: InCluster, key: string): Promise<void> {
    const [namespace, name] = key.split('/');
    try {
      await ask(this.context, server, { method: 'GET', path: `/api/v1/namespaces/${namespace}/services/${name}` });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new Fatal(`main.go:80] no service with name ${name} found in namespace ${namespace}: ${error.message}`);
    }
  }

  async #maySeeClasses(server: InCluster): Promise<boolean> {
    try {
      await ask(this.context, server, { method: 'GET', path: '/apis/networking.k8s.io/v1/ingressclasses?limit=1' });
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== 'Forbidden') throw error;
      this.#log(
        'W',
        `main.go:111] No permissions to list and get Ingress Classes: ${error.message}, IngressClass feature will be disabled`,
      );
      return false;
    }
  }

  /** @throws Fatal when they cannot be read */
  async #webhookFiles(): Promise<{ cert: Buffer; key: Buffer } | undefined> {
    const { webhook } = this.#flags;
    if (!webhook) return undefined;
    const files = await this.context.files();
    const read = (path: string) =>
      files.readFile(path).catch((error: unknown) => {
        throw new Fatal(`nginx.go:203] Error creating file watchers: ${messageOf(error)}`);
      });
    this.#log('I', `ssl.go:535] "loading tls certificate" path=${JSON.stringify(webhook.cert)} key=${JSON.stringify(webhook.key)}`);
    const [cert, key] = [await read(webhook.cert), await read(webhook.key)];
    return { cert, key };
  }

  #newStore(server: InCluster, events: EventRecorder, hasClasses: boolean): ObjectStore {
    const failed = (error: unknown) => {
      if (!this.isDone) this.#log('W', `reflector.go:569] failed to list or watch: ${messageOf(error)}`);
    };
    return new ObjectStore(this.context, server, {
      namespace: this.#flags.watchNamespace,
      hasClasses,
      changed: () => this.#scheduleSync(),
      ingressChanged: (now, before) => this.#ingressChanged(now, before),
      configMapChanged: (now, before) => this.#configMapChanged(now, before, events),
      failed,
    });
  }

  #proxyState(configurer: Configurer): ProxyState {
    const { healthPath, ports } = this.#flags;
    const settings = this.#settings;
    return {
      configuration: this.#configuration,
      settings,
      setHeaders: configurer.headersOf(settings.proxySetHeaders),
      addHeaders: configurer.headersOf(settings.addHeaders),
      healthPath,
      defaultPort: ports.default,
    };
  }

  #ingressChanged(now: LiveIngress | undefined, before: LiveIngress | undefined): void {
    const parts = this.#parts;
    if (!parts) return;
    this.#scheduleSync();
    const { configurer, events } = parts;
    if (!now) return;
    const found = configurer.classOf(now);
    const at = `ingress="${now.metadata.namespace}/${now.metadata.name}"`;
    if ('error' in found) {
      if (!before)
        this.#log(
          'I',
          `store.go:439] "Ignoring ingress because of error while validating ingress class" ${at} error=${JSON.stringify(found.error)}`,
        );
      else if ('name' in configurer.classOf(before))
        this.#log('I', `store.go:492] "removing ingress because of unknown ingressclass" ${at}`);
      return;
    }
    if (!before) this.#log('I', `store.go:443] "Found valid IngressClass" ${at} ingressclass=${JSON.stringify(found.name)}`);
    if (!this.#flags.sendsSyncEvents || configurer.isUnwantedCatchAll(now)) return;
    const target = { ...now, apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
    events.record(target, { reason: 'Sync', message: 'Scheduled for sync' }, (error) => this.#lost(error));
  }

  #configMapChanged(now: Live<ConfigMap> | undefined, before: Live<ConfigMap> | undefined, events: EventRecorder): void {
    const key = now && `${now.metadata.namespace}/${now.metadata.name}`;
    if (key !== this.#flags.configMap || !now) return;
    this.#scheduleSync();
    const said = { reason: before ? 'UPDATE' : 'CREATE', message: `ConfigMap ${key}` };
    events.record({ ...now, apiVersion: 'v1', kind: 'ConfigMap' }, said, (error) => this.#lost(error));
  }

  #lost(error: unknown): void {
    if (!this.isDone) this.#log('E', `event.go:359] "Server rejected event (will not retry!)" err=${JSON.stringify(messageOf(error))}`);
  }

  #scheduleSync(): void {
    if (this.isDone || this.#isStopping || !this.#parts?.servers) return;
    this.#syncTimer ??= this.context.clock.setTimer(SYNC_MS, () => {
      this.#syncTimer = undefined;
      this.#sync();
    });
  }

  #sync(): void {
    const parts = this.#parts;
    if (!parts || this.isDone) return;
    const { configurer, proxy, pod, events } = parts;
    this.#settings = configurer.settings();
    this.#configuration = configurer.build(this.#settings, this.#log);
    // What the settings name is asked for as well, so that its changes are told.
    configurer.settings();
    proxy.use(this.#proxyState(configurer));
    const now = fingerprint(this.#configuration, this.#settings);
    if (now !== this.#running) {
      this.#log('I', 'controller.go:196] "Configuration changes detected, backend reload required"');
      this.#log('I', 'controller.go:216] "Backend successfully reloaded"');
      if (this.#running === '') this.#log('I', 'controller.go:228] "Initial sync, sleeping for 1 second"');
      this.#running = now;
      this.#reloads = { count: this.#reloads.count + 1, at: this.context.clock.now() };
      const target = targetOf(pod);
      const message = 'NGINX reload triggered due to a change in configuration';
      events.record(target, { reason: 'RELOAD', message }, (error) => this.#lost(error));
    }
    void this.#writeStatus();
  }

  #elect(parts: Parts): LeaderElection {
    const { server, pod } = parts;
    const { electionId: name } = this.#flags;
    const { namespace = '', name: identity = '' } = pod.metadata ?? {};
    this.#log('I', `leaderelection.go:257] attempting to acquire leader lease ${namespace}/${name}...`);
    return new LeaderElection(this.context, server, {
      namespace,
      name,
      identity,
      seconds: LEASE_SECONDS,
      elected: (leader) => {
        if (leader === identity) this.#log('I', `leaderelection.go:271] successfully acquired lease ${namespace}/${name}`);
        this.#log('I', `status.go:85] "New leader elected" identity=${JSON.stringify(leader)}`);
        if (leader === identity) void this.#lookAtAddresses();
      },
      failed: (error) =>
        this.#log('E', `leaderelection.go:436] error retrieving or updating resource lock ${namespace}/${name}: ${messageOf(error)}`),
    });
  }

  get #isLeader(): boolean {
    return !this.#flags.isElected || (this.#parts?.election?.isLeader ?? false);
  }

  async #lookAtAddresses(): Promise<void> {
    if (!this.#parts || !this.#flags.updatesStatus || this.#isStopping || this.isDone) return;
    try {
      this.#addresses = await this.#parts.status.addresses();
      await this.#writeStatus();
    } catch (error) {
      this.#tellStatusError(error);
    }
    this.#statusTimer?.cancel();
    // Those of pods that are not ready, and of load balancers that have none, are soon there.
    const wait = this.#addresses.length > 0 ? STATUS_MS : STATUS_MS / 30;
    if (!this.isDone && !this.#isStopping) this.#statusTimer = this.context.clock.setTimer(wait, () => void this.#lookAtAddresses());
  }

  async #writeStatus(): Promise<void> {
    const parts = this.#parts;
    if (!parts || !this.#isLeader || !this.#flags.updatesStatus || this.#addresses.length === 0) return;
    await this.#writeAddresses(parts, this.#addresses);
  }

  async #writeAddresses({ configurer, status }: Parts, addresses: readonly Address[]): Promise<void> {
    for (const ingress of configurer.ingresses()) {
      if (hasAddresses(ingress, addresses)) continue;
      const { namespace, name } = ingress.metadata;
      const values = [ingress.status?.loadBalancer?.ingress ?? null, addresses].map((value) => JSON.stringify(value));
      this.#log(
        'I',
        `status.go:311] "updating Ingress status" namespace="${namespace}" ingress="${name}" currentValue=${values[0]} newValue=${values[1]}`,
      );
      await status
        .write(ingress, addresses)
        .catch((error: unknown) => this.#log('W', `status.go:315] error updating ingress rule: ${messageOf(error)}`));
    }
  }

  #tellStatusError(error: unknown): void {
    if (!this.isDone)
      this.#log('E', `queue.go:131] "requeuing" err=${JSON.stringify(messageOf(error))} key="&ObjectMeta{Name:sync status}"`);
  }

  #review(request: ServedRequest, configurer: Configurer): HttpResponse {
    return reviewed(request, {
      check: (ingress) => configurer.check(ingress, this.#settings),
      warnings: (ingress) => warningsOf(ingress, this.#flags.annotationsPrefix),
      judged: (name, error) => {
        if (error === undefined) this.#checks.good++;
        else this.#checks.bad++;
        const at = `ingress=${JSON.stringify(name)}`;
        if (error === undefined) this.#log('I', `main.go:107] "successfully validated configuration, accepting" ${at}`);
        else this.#log('E', `main.go:96] "invalid ingress configuration" err=${JSON.stringify(error)} ${at}`);
      },
    });
  }

  #metricsText(): string {
    const { pod, release = '' } = this.#parts ?? {};
    return this.#metrics.text({
      pod: pod?.metadata?.name ?? '',
      namespace: pod?.metadata?.namespace ?? '',
      controllerClass: this.#flags.controllerClass,
      release,
      reloads: this.#reloads.count,
      reloadedAt: this.#reloads.at,
      isLeader: this.#isLeader,
      electionId: this.#flags.electionId,
      checks: this.#checks.good,
      failedChecks: this.#checks.bad,
    });
  }

  override signal(name: string): void {
    if (this.isDone || this.#isStopping || (name !== 'SIGTERM' && name !== 'SIGINT' && name !== 'SIGQUIT')) return;
    this.#isStopping = true;
    this.#log('I', 'sigterm.go:36] "Received SIGTERM, shutting down"');
    this.#log('I', 'nginx.go:395] "Shutting down controller queues"');
    this.#clearStatus()
      .catch((error: unknown) => this.#tellStatusError(error))
      .finally(() => this.#stop());
  }

  /** The last of the controller's pods leaves no address behind. */
  async #clearStatus(): Promise<void> {
    const parts = this.#parts;
    if (!parts || !this.#isLeader || !this.#flags.updatesStatus || !this.#flags.clearsStatusAtEnd) return;
    if (this.#addresses.length > 1) return this.#log('I', 'status.go:123] "leaving status update for next leader"');
    if (await parts.status.hasOthers()) return;
    this.#log('I', `status.go:132] "removing value from ingress status" address=${JSON.stringify(this.#addresses)}`);
    await this.#writeAddresses(parts, []);
  }

  #stop(): void {
    if (this.isDone) return;
    if (this.#flags.webhook) this.#log('I', 'nginx.go:403] "Stopping admission controller"');
    this.#log('I', 'nginx.go:411] "Stopping NGINX process"');
    this.#parts?.servers?.stopProxy();
    this.#log('I', 'nginx.go:424] "NGINX process has stopped"');
    this.#log('I', `sigterm.go:44] Handled quit, delaying controller exit for ${SHUTDOWN_MS / 1000} seconds`);
    this.#stopTimer = this.context.clock.setTimer(SHUTDOWN_MS, () => {
      this.#log('I', 'sigterm.go:47] "Exiting" code=0');
      this.exit(0);
    });
  }

  protected override close(): void {
    for (const timer of [this.#syncTimer, this.#statusTimer, this.#stopTimer]) timer?.cancel();
    this.#parts?.election?.close();
    this.#parts?.store.close();
    this.#parts?.servers?.close();
  }
}

/** What there is once it runs. */
interface Parts {
  readonly server: InCluster;
  readonly pod: Pod;
  readonly release: string;
  readonly events: EventRecorder;
  readonly store: ObjectStore;
  readonly configurer: Configurer;
  readonly proxy: IngressProxy;
  readonly status: IngressStatus;
  servers: IngressServers | undefined;
  election: LeaderElection | undefined;
}

const UNREACHABLE =
  'This could mean the cluster is misconfigured (e.g. it has invalid API server certificates or Service Accounts configuration). Reason: ';

const targetOf = ({ metadata }: Pod) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
  },
});
