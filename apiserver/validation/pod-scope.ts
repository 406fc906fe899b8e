import type { PodSpec, Volume } from '../../api/index.ts';

/** What validators of a pod's parts must know of the rest of it. */
export interface PodScope {
  readonly spec: PodSpec;
  /** A pod, not a template: host ports are filled in, images are not padded. */
  readonly isPod: boolean;
  /** Name of the pod, where there is one. */
  readonly podName: string;
  /** Volumes without errors, by name. */
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claimNames: ReadonlySet<string>;
  readonly graceSeconds: number | undefined;
  /** The pod runs in the host's user namespace. */
  readonly hostUsers: boolean;
}
