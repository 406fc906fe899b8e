import { type ControllerRevision, goEscaped, type Live, type PodTemplateSpec } from '../../api/index.ts';
import { canonicalJson } from './equality.ts';
import { fnv32, safeEncode } from './hash.ts';

/** Label of pods that says from which revision they are. */
export const REVISION_HASH = 'controller-revision-hash';
/** Longest beginning of a revision's name, in characters, before the hash. */
const NAME_PREFIX_LENGTH_MAX = 223;

/** What a revision stores: the strategic merge patch that brings its owner back to this template. */
export interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: 'replace' } };
}

/** Upstream: `getPatch` of `pkg/controller/statefulset` and of `pkg/controller/daemon`. */
export const revisionData = (template: PodTemplateSpec): RevisionData =>
  // In the order of names, as Go writes maps: upstream's controllers and clients compare the bytes.
  JSON.parse(canonicalJson({ spec: { template: { ...template, $patch: 'replace' } } })) as RevisionData;

/** Whether a revision stores this template. */
export const isOfTemplate = (revision: ControllerRevision, template: PodTemplateSpec): boolean =>
  canonicalJson(revision.data) === canonicalJson(revisionData(template));

/** The template a revision stores; undefined when it stores none (somebody else wrote it). */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  if (!isRevisionData(data)) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

function isRevisionData(data: unknown): data is RevisionData {
  if (typeof data !== 'object' || data === null || !('spec' in data)) return false;
  const { spec } = data;
  return typeof spec === 'object' && spec !== null && 'template' in spec && typeof spec.template === 'object' && spec.template !== null;
}

/** Upstream: `ControllerRevisionName` of `pkg/controller/history`. */
export const revisionName = (owner: string, hash: string): string => `${owner.slice(0, NAME_PREFIX_LENGTH_MAX)}-${hash}`;

/** The hash of what a revision stores, as upstream's `HashControllerRevision`: of the JSON text that Go writes. */
export const revisionHash = (data: RevisionData, collisionCount: number): string =>
  safeEncode(String(fnv32(`${goEscaped(canonicalJson(data))}${collisionCount}`)));

/** Oldest first: by number, then by age, then by name (upstream: `SortControllerRevisions`). */
export function compareRevisions(a: Live<ControllerRevision>, b: Live<ControllerRevision>): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const age = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** The number of the next revision. */
export const nextRevision = (revisions: readonly ControllerRevision[]): number =>
  Math.max(0, ...revisions.map(({ revision }) => revision)) + 1;
