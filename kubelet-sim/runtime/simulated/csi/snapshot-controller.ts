import { type Live, type PersistentVolume, type PersistentVolumeClaim, toTime } from '../../../../api/index.ts';
import { commandLineOption } from '../command-line.ts';
import type { EventTarget, Told } from '../in-cluster/event-recorder.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import { serveHealth } from './health.ts';
import type { PodClient } from './pod-client.ts';
import { Retries } from './retries.ts';
import { type ControllerWorld, controller } from './sidecar.ts';
import { BEING_DELETED, CONTENT_FINALIZER, contentStep, type SnapshotStep, type SnapshotView, snapshotStep } from './snapshot-plan.ts';
import {
  CLASSES,
  CONTENTS,
  keyOfSnapshot,
  SNAPSHOT_GROUP,
  SNAPSHOTS,
  snapshotPath,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from './snapshot-types.ts';

/** Steps that one snapshot goes at a time. */
const STEPS_MAX = 12;
const LEASE = 'snapshot-controller-leader';

/**
 * `snapshot-controller`: binds snapshots and contents, and sees to their deletion; the sidecars of drivers take the snapshots. Upstream:
 * `pkg/common-controller` of `kubernetes-csi/external-snapshotter`.
 */
export const snapshotController = (argv: readonly string[]): Program =>
  controller(argv, {
    leaseName: () => Promise.resolve(LEASE),
    begin: (context) => {
      serveHealth(context, commandLineOption(argv, 'http-endpoint'));
      const snapshots = new SnapshotController(context);
      return (world) => snapshots.look(world);
    },
  });

const COMPONENT = 'snapshot-controller';

class SnapshotController {
  readonly #context: ProcessContext;
  readonly #retries = new Retries();

  constructor(context: ProcessContext) {
    this.#context = context;
  }

  async look(world: ControllerWorld): Promise<void> {
    const { client } = world;
    const snapshots = await client.list<VolumeSnapshot>(SNAPSHOTS);
    const contents = await client.list<VolumeSnapshotContent>(CONTENTS);
    this.#retries.keepOnly(new Set([...snapshots, ...contents].map(({ metadata }) => metadata.uid)));
    for (const content of contents as readonly VolumeSnapshotContent[])
      await this.#goOn(world, content.metadata.name, () => this.#keep(world, content, snapshots));
    if (snapshots.length === 0) return;
    const view = await this.#view(client, snapshots as readonly VolumeSnapshot[], contents as readonly VolumeSnapshotContent[]);
    for (const { metadata } of snapshots) await this.#goOn(world, keyOfSnapshot(metadata), () => this.#follow(world, metadata.uid, view));
  }

  async #view(client: PodClient, snapshots: readonly VolumeSnapshot[], contents: readonly VolumeSnapshotContent[]): Promise<ChangingView> {
    const classes = (await client.list<VolumeSnapshotClass>(CLASSES)) as readonly VolumeSnapshotClass[];
    const claims = await client.list<PersistentVolumeClaim>('/api/v1/persistentvolumeclaims');
    // Volumes matter only until a snapshot has its content.
    const isNew = snapshots.some(({ status }) => status?.boundVolumeSnapshotContentName === undefined);
    const volumes = isNew ? await client.list<PersistentVolume>('/api/v1/persistentvolumes') : [];
    return {
      snapshots: [...snapshots],
      contents: new Map(contents.map((content) => [content.metadata.name, content])),
      classes,
      claims: [...claims],
      volumes: new Map(volumes.map((volume) => [volume.metadata.name, volume])),
    };
  }

  /** One that fails does not keep the others waiting: it is looked at again with the next look. */
  async #goOn({ log }: ControllerWorld, key: string, step: () => Promise<void>): Promise<void> {
    await step().catch((error: unknown) => log('E', `snapshot_controller_base.go:400] could not sync "${key}": ${messageOf(error)}`));
  }

  async #keep(world: ControllerWorld, content: VolumeSnapshotContent, snapshots: readonly Live<VolumeSnapshot>[]): Promise<void> {
    const { client, tell } = world;
    const path = `${CONTENTS}/${content.metadata.name}`;
    switch (contentStep(content, snapshots as readonly VolumeSnapshot[])) {
      case 'protect':
        await client.merge(path, { metadata: { finalizers: [...(content.metadata.finalizers ?? []), CONTENT_FINALIZER] } });
        return;
      case 'mark':
        await client.merge(path, { metadata: { annotations: { [BEING_DELETED]: 'yes' } } });
        return;
      case 'refuse': {
        if (!this.#retries.isDue(content, this.#context.clock.now())) return;
        this.#retries.dropped(content);
        const message = 'Exactly one of VolumeHandle and SnapshotHandle should be specified';
        tell(COMPONENT, named(content, 'VolumeSnapshotContent'), { type: 'Warning', reason: 'ContentValidationError', message });
        return;
      }
      case undefined:
    }
  }

  async #follow(world: ControllerWorld, uid: string, view: ChangingView): Promise<void> {
    for (let i = 0; i < STEPS_MAX; i++) {
      const snapshot = view.snapshots.find(({ metadata }) => metadata.uid === uid);
      const next = snapshot && snapshotStep(snapshot, view);
      if (!next || next.step === 'none') return;
      const isMore = await this.#do(world, snapshot, next, view);
      if (!isMore) return;
      world.log('I', `snapshot_controller.go:180] snapshot "${keyOfSnapshot(snapshot.metadata)}": ${next.step}`);
    }
  }

  /** @returns whether there may be a next step now */
  async #do(
    world: ControllerWorld,
    snapshot: VolumeSnapshot,
    next: Exclude<SnapshotStep, { step: 'none' }>,
    view: ChangingView,
  ): Promise<boolean> {
    const { client } = world;
    const { namespace = '', name } = snapshot.metadata;
    const path = snapshotPath(namespace, name);
    switch (next.step) {
      case 'fail':
        await this.#fail(world, snapshot, next);
        return false;
      case 'wait':
        if (this.#retries.isDue(snapshot, this.#context.clock.now())) tellOf(world, snapshot, next.telling);
        else return false;
        this.#retries.failed(snapshot, this.#context.clock.now());
        return false;
      case 'setClass':
        return replace(view.snapshots, await client.merge(path, { spec: { volumeSnapshotClassName: next.className } }));
      case 'setFinalizers':
        return replace(
          view.snapshots,
          await client.update(path, { ...snapshot, metadata: { ...snapshot.metadata, finalizers: [...next.finalizers] } }),
        );
      case 'setClaimFinalizers': {
        const { metadata } = next.claim;
        const claimPath = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${metadata.name}`;
        return replace(
          view.claims,
          await client.update(claimPath, { ...next.claim, metadata: { ...metadata, finalizers: [...next.finalizers] } }),
        );
      }
      case 'setStatus':
        for (const telling of next.tellings) tellOf(world, snapshot, telling);
        return replace(view.snapshots, await client.update(`${path}/status`, { ...snapshot, status: next.status } as VolumeSnapshot));
      default:
        return await this.#doContent(world, snapshot, next, view);
    }
  }

  async #doContent(world: ControllerWorld, snapshot: VolumeSnapshot, next: ContentChange, view: ChangingView): Promise<boolean> {
    const { client } = world;
    const keep = (content: unknown): boolean => {
      const kept = content as VolumeSnapshotContent;
      view.contents.set(kept.metadata.name, kept);
      return true;
    };
    switch (next.step) {
      case 'createContent': {
        keep(await client.create(CONTENTS, next.content));
        const message = `Waiting for a snapshot ${keyOfSnapshot(snapshot.metadata)} to be created by the CSI driver.`;
        tellOf(world, snapshot, { type: 'Normal', reason: 'CreatingSnapshot', message });
        return true;
      }
      case 'bindContent': {
        const { uid } = snapshot.metadata;
        const volumeSnapshotRef = { ...view.contents.get(next.name)?.spec.volumeSnapshotRef, uid };
        const className = next.className === undefined ? {} : { volumeSnapshotClassName: next.className };
        return keep(await client.merge(`${CONTENTS}/${next.name}`, { spec: { volumeSnapshotRef, ...className } }));
      }
      case 'markContent':
        return keep(await client.merge(`${CONTENTS}/${next.name}`, { metadata: { annotations: { [BEING_DELETED]: 'yes' } } }));
      case 'deleteContent':
        await client.delete(`${CONTENTS}/${next.name}`);
        return false;
    }
  }

  async #fail(
    world: ControllerWorld,
    snapshot: VolumeSnapshot,
    { isUnready, reason, message }: Extract<SnapshotStep, { step: 'fail' }>,
  ): Promise<void> {
    if (snapshot.status?.error?.message === message) return;
    const { namespace = '', name } = snapshot.metadata;
    const error = { time: toTime(this.#context.clock.now()), message };
    const status = { ...snapshot.status, error, ...(isUnready ? { readyToUse: false } : {}) };
    await world.client.update(`${snapshotPath(namespace, name)}/status`, { ...snapshot, status } as VolumeSnapshot);
    tellOf(world, snapshot, { type: 'Warning', reason, message });
  }
}

const tellOf = ({ tell }: ControllerWorld, snapshot: VolumeSnapshot, told: Told): void =>
  tell(COMPONENT, named(snapshot, 'VolumeSnapshot'), told);

type ContentChange = Extract<SnapshotStep, { step: 'createContent' | 'bindContent' | 'markContent' | 'deleteContent' }>;

/** The view, with what the controller itself has written. */
interface ChangingView extends SnapshotView {
  readonly snapshots: VolumeSnapshot[];
  readonly contents: Map<string, VolumeSnapshotContent>;
  readonly claims: Live<PersistentVolumeClaim>[];
}

/** Puts the newer one in its place. */
function replace<T extends VolumeSnapshot | Live<PersistentVolumeClaim>>(list: T[], written: unknown): true {
  const newer = written as T;
  const at = list.findIndex(({ metadata }) => metadata.uid === newer.metadata.uid);
  if (at >= 0) list[at] = newer;
  return true;
}

/** Items of lists do not say what they are. */
const named = ({ metadata }: VolumeSnapshot | VolumeSnapshotContent, kind: string): EventTarget => ({
  apiVersion: `${SNAPSHOT_GROUP}/v1`,
  kind,
  metadata,
});
