import type { ContainerFiles } from '../files/container-files.ts';

/** A volume of the driver. */
export interface HostPathVolume {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly isDevice: boolean;
  readonly isEphemeral: boolean;
  /** Of which kind of simulated storage (`--capacity`). */
  readonly kind: string;
}

export interface HostPathSnapshot {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
  readonly createdAt: number;
  readonly sizeBytes: number;
}

interface Stored {
  readonly volumes: readonly HostPathVolume[];
  readonly snapshots: readonly HostPathSnapshot[];
}

/** What the driver knows, kept in a file of its data directory: it outlives the driver, as what it tells of does. */
export class HostPathState {
  readonly volumes = new Map<string, HostPathVolume>();
  readonly snapshots = new Map<string, HostPathSnapshot>();
  readonly #files: ContainerFiles;
  readonly #path: string;

  constructor(files: ContainerFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  async load(): Promise<void> {
    if (!(await this.#files.exists(this.#path))) return;
    const { volumes, snapshots } = JSON.parse((await this.#files.readFile(this.#path)).toString()) as Stored;
    for (const volume of volumes) this.volumes.set(volume.id, volume);
    for (const snapshot of snapshots) this.snapshots.set(snapshot.id, snapshot);
  }

  async save(): Promise<void> {
    const stored: Stored = { volumes: [...this.volumes.values()], snapshots: [...this.snapshots.values()] };
    await this.#files.writeFile(this.#path, Buffer.from(JSON.stringify(stored)));
  }
}
