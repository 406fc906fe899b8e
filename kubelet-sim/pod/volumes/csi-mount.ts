import { createHash } from 'node:crypto';
import { type CSIDriver, type Live, type SecretReference, toTime, type VolumeAttachment } from '../../../api/index.ts';
import type { Timer } from '../../../runtime/index.ts';
import { UNCERTAIN } from '../../plugins/csi/uncertain.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import type { DriverVolume, NodeDriver, NodeDrivers } from '../../runtime/node-drivers.ts';
import { attachmentName } from './claim-source.ts';
import type { VolumeScope } from './volume.ts';

/** Where kubelets keep what is theirs. */
export const KUBELET = '/var/lib/kubelet';
const CSI_PLUGIN = `${KUBELET}/plugins/kubernetes.io/csi`;
/** How long a kubelet lets pass until it mounts again what drivers want mounted again (`requiresRepublish`), and a part of it by chance. */
const REPUBLISH_MS = 60_000;
/** Waits between tries to unmount. Upstream: `pkg/util/goroutinemap/exponentialbackoff`. */
const RETRY_MS = { first: 500, max: 122_000 };
/** How long tokens are good of which nothing else is said. */
const TOKEN_SECONDS = 3600;
const FS_TYPE_BLOCK = 'block';

/** What a pod, or its claim, names. */
export interface CsiTarget {
  readonly driver: string;
  readonly handle: string;
  /** Of the persistent volume, or of the pod's own. */
  readonly name: string;
  readonly isDevice: boolean;
  /** Made for one pod, which names it inline. */
  readonly isEphemeral: boolean;
  readonly isReadOnly: boolean;
  readonly fsType: string;
  readonly accessMode: string;
  readonly mountOptions: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly stageSecret?: SecretReference | undefined;
  readonly publishSecret?: SecretReference | undefined;
  readonly expandSecret?: SecretReference | undefined;
}

/** Which step could not be done, as events call them. */
export class CsiStepError extends Error {
  override readonly name = 'CsiStepError';
  readonly step: 'device' | 'pod';

  constructor(step: 'device' | 'pod', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
  }
}

/** Whether something is done: after an answer that says neither so nor otherwise it may be. */
type Done = 'no' | 'maybe' | 'yes';

/** A volume that a driver has for a whole node. */
interface Staged {
  done: Done;
  /** The pods that use it, or are about to. */
  readonly users: Set<CsiMount>;
  /** What is done with it, one after the other. */
  last: Promise<unknown>;
}

const stagedOn = new WeakMap<NodeDrivers, Map<string, Staged>>();

/** Whether an error says that nothing of what was asked for is under way. */
export const isFinal = (error: unknown): boolean => error instanceof Error && 'code' in error && !UNCERTAIN.has(error.code);

/** Does it, and says whether it is done when it fails. */
async function attempt(before: Done, call: () => Promise<void>, tell: (done: Done) => void): Promise<void> {
  try {
    await call();
    tell('yes');
  } catch (error) {
    if (before !== 'yes') tell(isFinal(error) ? 'no' : 'maybe');
    throw error;
  }
}

/**
 * A volume of a CSI driver in one pod.
 *
 * ```
 *   NodeStageVolume ──► NodePublishVolume ──► the pod runs ──► NodeUnpublishVolume ──► NodeUnstageVolume
 *   once for the node   at the pod's path     (again, with       at the pod's end        after the last pod
 *                                             requiresRepublish)
 * ```
 *
 * What the pod sees is what is then at its path in the node's file system. Upstream: `csi_attacher.go`, `csi_mounter.go` and `csi_block.go` of
 * `pkg/volume/csi`.
 */
export class CsiMount {
  readonly #target: CsiTarget;
  readonly #scope: VolumeScope;
  readonly #podUid: string;
  #published: Done = 'no';
  #stages = false;
  #republish: Timer | undefined;
  #isOver = false;

  constructor(target: CsiTarget, scope: VolumeScope) {
    this.#target = target;
    this.#scope = scope;
    this.#podUid = scope.facts().pod.metadata.uid ?? '';
  }

  /** Mounts it, with what of it is already done. @throws CsiStepError */
  async setUp(): Promise<MountableVolume> {
    const { isDevice, isEphemeral, name } = this.#target;
    const info = await this.#scope.node.claims.source.csiDriver(this.#target.driver);
    let publishContext: Readonly<Record<string, string>> = {};
    const stage = async (staged: Staged) => {
      publishContext = await this.#stage(staged, info);
    };
    if (!isEphemeral) await this.#inTurn(stage).catch(inStep('device'));
    await this.#publish(info, publishContext).catch(inStep('pod'));
    this.#republishLater(info, publishContext);
    const tree = await this.#scope.node.runtime.hostPath(this.#targetPath, '');
    return isDevice ? { name, tree, device: true } : { name, tree };
  }

  /** Whether the driver itself gives what is on the volume to a pod's group. */
  async ownsGroups(): Promise<boolean> {
    return await this.#driver.can('volumeMountGroup');
  }

  /** Has the file system take the room that the volume has; false when the driver has no part in that. */
  async expand(sizeBytes: number): Promise<boolean> {
    const driver = this.#driver;
    if (!(await driver.can('expandVolume'))) return false;
    const secrets = await this.#secrets(this.#target.expandSecret, 'NodeExpandSecretRef');
    await driver.expand({ ...this.#volume({}, {}, undefined), secrets }, this.#targetPath, sizeBytes);
    return true;
  }

  /** Resolves when the pod has it no more, however often that has to be tried; from the node it goes after that, when no pod has it. */
  async tearDown(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#republish?.cancel();
    await this.#untilDone(async () => {
      if (this.#published !== 'no') await this.#driver.unpublish(this.#target.handle, this.#targetPath);
      this.#published = 'no';
      await this.#scope.node.runtime.removeHostPath(this.#targetPath, KUBELET);
    });
    if (this.#target.isEphemeral) return;
    void this.#untilDone(() => this.#inTurn((staged) => this.#unstage(staged)));
  }

  get #driver(): NodeDriver {
    const { driver, isDevice, isEphemeral } = this.#target;
    const found = this.#scope.node.runtime.drivers.named(driver);
    if (found) return found;
    const missing = `driver name ${driver} not found in the list of registered CSI drivers`;
    if (isDevice) throw new Error(`kubernetes.io/csi: blockMapper.SetUpDevice failed to get CSI client: ${missing}`);
    if (isEphemeral) throw new Error(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${missing}`);
    throw new Error(`kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: ${missing}`);
  }

  /** Where the pod has it. */
  get #targetPath(): string {
    const { isDevice, name } = this.#target;
    return isDevice
      ? `${CSI_PLUGIN}/volumeDevices/publish/${name}/${this.#podUid}`
      : `${KUBELET}/pods/${this.#podUid}/volumes/kubernetes.io~csi/${name}/mount`;
  }

  /** Where the node has it. */
  get #stagingPath(): string {
    const { isDevice, name, driver, handle } = this.#target;
    if (isDevice) return `${CSI_PLUGIN}/volumeDevices/staging/${name}`;
    return `${CSI_PLUGIN}/${driver}/${createHash('sha256').update(handle).digest('hex')}/globalmount`;
  }

  /** Does something with what the node has of the volume, when nobody else does. */
  async #inTurn<T>(work: (staged: Staged) => Promise<T>): Promise<T> {
    const { drivers } = this.#scope.node.runtime;
    const all = stagedOn.get(drivers) ?? new Map<string, Staged>();
    stagedOn.set(drivers, all);
    const key = `${this.#target.driver}^${this.#target.handle}`;
    const staged = all.get(key) ?? { done: 'no', users: new Set(), last: Promise.resolve() };
    all.set(key, staged);
    const turn = staged.last.then(() => work(staged));
    staged.last = turn.catch(() => undefined); // told to who has asked
    try {
      return await turn;
    } finally {
      if (staged.users.size === 0 && staged.done === 'no' && all.get(key) === staged) all.delete(key);
    }
  }

  /** @returns what attaching the volume has told */
  async #stage(staged: Staged, info: Live<CSIDriver> | undefined): Promise<Readonly<Record<string, string>>> {
    const { isDevice, handle, attributes, stageSecret } = this.#target;
    const driver = this.#driver;
    this.#stages = await driver.can('stageUnstageVolume');
    staged.users.add(this);
    const publishContext = await this.#publishContext(info);
    if (!this.#stages || staged.done === 'yes') return publishContext;
    const secrets = await this.#secrets(stageSecret, 'NodeStageSecretRef');
    const group = isDevice ? undefined : await this.#groupOf(driver);
    await this.#scope.node.runtime.hostPath(this.#stagingPath, 'DirectoryOrCreate');
    const volume = { ...this.#volume(publishContext, attributes, group), handle, secrets };
    await attempt(
      staged.done,
      () => driver.stage(volume),
      (done) => {
        staged.done = done;
      },
    );
    return publishContext;
  }

  async #unstage(staged: Staged): Promise<void> {
    staged.users.delete(this);
    if (staged.users.size > 0) return;
    if (staged.done !== 'no') {
      staged.done = 'maybe'; // whoever wants it while this fails stages it again
      await this.#driver.unstage(this.#target.handle, this.#stagingPath);
    }
    staged.done = 'no';
    await this.#scope.node.runtime.removeHostPath(this.#stagingPath, KUBELET);
  }

  async #publish(info: Live<CSIDriver> | undefined, publishContext: Readonly<Record<string, string>>): Promise<void> {
    const { isReadOnly, attributes, isDevice, publishSecret } = this.#target;
    const driver = this.#driver;
    const secrets = await this.#secrets(publishSecret, 'NodePublishSecretRef');
    const context = { ...attributes, ...this.#podInfo(info), ...(await this.#tokens(info)) };
    const group = isDevice ? undefined : await this.#groupOf(driver);
    const volume = { ...this.#volume(publishContext, context, group), secrets };
    const parent = this.#targetPath.slice(0, this.#targetPath.lastIndexOf('/'));
    await this.#scope.node.runtime.hostPath(parent, 'DirectoryOrCreate');
    await attempt(
      this.#published,
      () => driver.publish(volume, this.#targetPath, isReadOnly),
      (done) => {
        this.#published = done;
      },
    );
  }

  #volume(
    publishContext: Readonly<Record<string, string>>,
    context: Readonly<Record<string, string>>,
    group: number | undefined,
  ): DriverVolume {
    const { handle, isDevice, accessMode, fsType, mountOptions } = this.#target;
    const use = { isDevice, accessMode, fsType: isDevice ? FS_TYPE_BLOCK : fsType, mountOptions: isDevice ? [] : mountOptions, group };
    return { handle, use, stagingPath: this.#stages ? this.#stagingPath : '', publishContext, context, secrets: {} };
  }

  async #groupOf(driver: NodeDriver): Promise<number | undefined> {
    const { fsGroup } = this.#scope.facts().pod.spec.securityContext ?? {};
    return fsGroup !== undefined && (await driver.can('volumeMountGroup')) ? fsGroup : undefined;
  }

  /** What attaching the volume has told. Upstream: `getPublishContext`, `pkg/volume/csi/csi_plugin.go`. */
  async #publishContext(info: Live<CSIDriver> | undefined): Promise<Readonly<Record<string, string>>> {
    if (info?.spec.attachRequired === false) return {};
    const { claims, nodeName } = this.#scope.node;
    const name = attachmentName(this.#target, nodeName);
    const found: Live<VolumeAttachment> | undefined = await claims.source.attachment(name);
    if (!found) throw new Error(`volumeattachments.storage.k8s.io "${name}" not found`);
    return found.status?.attachmentMetadata ?? {};
  }

  /** Upstream: `getPodInfoAttrs`, `pkg/volume/csi/csi_util.go`. */
  #podInfo(info: Live<CSIDriver> | undefined): Readonly<Record<string, string>> {
    if (info?.spec.podInfoOnMount !== true) return {};
    const { metadata, spec } = this.#scope.facts().pod;
    return {
      'csi.storage.k8s.io/pod.name': metadata.name ?? '',
      'csi.storage.k8s.io/pod.namespace': metadata.namespace ?? '',
      'csi.storage.k8s.io/pod.uid': this.#podUid,
      'csi.storage.k8s.io/serviceAccount.name': spec.serviceAccountName ?? '',
      'csi.storage.k8s.io/ephemeral': String(this.#target.isEphemeral),
    };
  }

  /** Upstream: `podServiceAccountTokenAttrs`, `pkg/volume/csi/csi_mounter.go`. */
  async #tokens(info: Live<CSIDriver> | undefined): Promise<Readonly<Record<string, string>>> {
    const requests = info?.spec.tokenRequests ?? [];
    if (requests.length === 0) return {};
    const { source } = this.#scope.node;
    const { pod } = this.#scope.facts();
    const tokens: Record<string, { token: string; expirationTimestamp: string }> = {};
    for (const { audience, expirationSeconds = TOKEN_SECONDS } of requests) {
      const { token, expiresAt } = await source.serviceAccountToken(pod, { audience, expirationSeconds });
      tokens[audience] = { token, expirationTimestamp: toTime(expiresAt) };
    }
    return { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(tokens) };
  }

  /** Upstream: `getCredentialsFromSecret`, `pkg/volume/csi/csi_util.go`. @throws Error when it is not there */
  async #secrets(reference: SecretReference | undefined, field: string): Promise<Readonly<Record<string, string>>> {
    if (!reference) return {};
    const { name = '', namespace = '' } = reference;
    const found = await this.#scope.node.source.secret(namespace, name);
    if (!found) {
      const why = `failed to find the secret ${name} in the namespace ${namespace} with error: secrets "${name}" not found`;
      throw new Error(`fetching ${field} ${namespace}/${name} failed: ${why}`);
    }
    return Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  }

  /** Drivers that want it are asked again as long as the pod lives; a failure leaves what is mounted as it is. */
  #republishLater(info: Live<CSIDriver> | undefined, publishContext: Readonly<Record<string, string>>): void {
    this.#republish?.cancel();
    if (this.#isOver || info?.spec.requiresRepublish !== true) return;
    const { clock, random, logger } = this.#scope.node;
    this.#republish = clock.setTimer(REPUBLISH_MS * (1 + random.next() / 2), () => {
      this.#publish(info, publishContext)
        .catch((error: unknown) => logger.info({ err: error, volume: this.#target.name }, 'volume not published again, will retry'))
        .finally(() => this.#republishLater(info, publishContext));
    });
  }

  async #untilDone(work: () => Promise<void>): Promise<void> {
    const { clock, logger, runtime } = this.#scope.node;
    for (let delayMs = RETRY_MS.first; !runtime.drivers.isClosed; delayMs = Math.min(2 * delayMs, RETRY_MS.max)) {
      try {
        await work();
        return;
      } catch (error) {
        logger.info({ err: error, volume: this.#target.name, delayMs }, 'volume not unmounted, will retry');
        await clock.sleep(delayMs);
      }
    }
  }
}

const inStep =
  (step: CsiStepError['step']) =>
  (error: unknown): never => {
    throw new CsiStepError(step, error);
  };
