// What the sidecars of a CSI driver ask it over its socket: the controller service, as far as it is used here.

import type { NodeDriver } from '../../node-drivers.ts';
import type { FileNode } from '../files/tree.ts';

/** What a volume is made from. */
export interface ContentSource {
  readonly kind: 'snapshot' | 'volume';
  /** How the driver calls it. */
  readonly id: string;
}

export interface NewVolume {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isDevice: boolean;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly source?: ContentSource | undefined;
}

export interface CsiVolume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly context: Readonly<Record<string, string>>;
  readonly topology: Readonly<Record<string, string>>;
}

export interface CsiSnapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly createdAt: number;
  readonly sizeBytes: number;
}

/** The controller service of a driver. Errors are RuntimeErrors. */
export interface CsiDriver {
  readonly name: string;
  createVolume(volume: NewVolume): Promise<CsiVolume>;
  deleteVolume(id: string): Promise<void>;
  /** @returns its size, and whether the node has to do its part. */
  expandVolume(id: string, sizeBytes: number): Promise<{ readonly sizeBytes: number; readonly onNode: boolean }>;
  createSnapshot(name: string, volumeId: string, parameters: Readonly<Record<string, string>>): Promise<CsiSnapshot>;
  deleteSnapshot(id: string): Promise<void>;
  findSnapshot(id: string): Promise<CsiSnapshot | undefined>;
}

/** Drivers by their sockets: whoever has the socket in a volume reaches the driver. */
const serving = new WeakMap<object, CsiDriver & NodeDriver>();

export const driverOn = (socket: object): (CsiDriver & NodeDriver) | undefined => serving.get(socket);

/** Has a driver listen on a socket. @returns what ends that */
export function serveOn(socket: FileNode, driver: CsiDriver & NodeDriver): () => void {
  serving.set(socket, driver);
  return () => serving.delete(socket);
}
