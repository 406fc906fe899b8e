import type { Container, PodSpec } from '../../../api/index.ts';

/** A pod as checks see it: one that is to be, perhaps, from a template. */
export interface CheckedPod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Init containers, containers, ephemeral containers. */
  readonly containers: readonly Container[];
}

/** What a pod does that it may not. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type CheckPod = (pod: CheckedPod) => Violation | undefined;

/** One rule of a level, as it was from a minor version on. Upstream: `policy.Check` (k8s.io/pod-security-admission). */
export interface Check {
  readonly id: string;
  readonly versions: readonly {
    readonly since: number;
    readonly check: CheckPod;
    /** Checks of the level below that this one is stricter than. */
    readonly overrides?: string | undefined;
  }[];
}

export const checkedPod = (annotations: CheckedPod['annotations'] | undefined, spec: PodSpec): CheckedPod => ({
  annotations: annotations ?? {},
  spec,
  // What an ephemeral container has is a part of what a container has.
  containers: [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])],
});

/** The names of containers of which something holds. */
export const namesOf = ({ containers }: CheckedPod, holds: (container: Container) => unknown): string[] =>
  containers.filter(holds).map(({ name }) => name);

/** `"a", "b"` */
export const quoted = (items: readonly string[]): string => items.map((item) => `"${item}"`).join(', ');

/** Each once, in order. */
export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort();

export const plural = (singular: string, count: number): string => (count === 1 ? singular : `${singular}s`);

/** `containers "a", "b"` */
export const containersNamed = (names: readonly string[]): string => `${plural('container', names.length)} ${quoted(names)}`;

/** Who sets something: `pod and container "a"`; nothing when nobody does. */
export const setters = (isPod: boolean, containers: readonly string[]): string =>
  [...(isPod ? ['pod'] : []), ...(containers.length > 0 ? [containersNamed(containers)] : [])].join(' and ');
