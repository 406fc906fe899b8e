import { type FieldError, fieldError } from '../../../api/index.ts';

export const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

/** A level as it was in a minor version of Kubernetes (`1.n` as `n`), or as it is now. */
export interface LevelVersion {
  readonly level: Level;
  readonly version: number | 'latest';
}

/** What is done about pods of a namespace that are beyond a level: they are refused, noted or warned of. */
export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

/** A policy as labels give it, with what is wrong with them. */
export interface ReadPolicy {
  readonly policy: Policy;
  readonly errors: readonly FieldError[];
}

type Labels = Readonly<Record<string, string>> | undefined;
type Mode = keyof Policy;

const PREFIX = 'pod-security.kubernetes.io/';
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];
const LEVEL_MESSAGE = `must be one of ${LEVELS.join(', ')}`;
const VERSION_MESSAGE = 'must be "latest" or "v1.x"';

export const PRIVILEGED: LevelVersion = { level: 'privileged', version: 'latest' };
const EVERYTHING_GOES: ReadPolicy = { policy: { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED }, errors: [] };

/** `restricted:v1.25`, `baseline:latest`. */
export const writeLevel = ({ level, version }: LevelVersion): string => `${level}:${version === 'latest' ? version : `v1.${version}`}`;

/** @returns undefined for what is no level. */
export const readLevel = (text: string): Level | undefined => LEVELS.find((level) => level === text);

/** @returns undefined for what is no version. */
export function readVersion(text: string): LevelVersion['version'] | undefined {
  if (text === 'latest') return text;
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(text)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** What is wrong with a text that should be a level, or a version. */
export const levelError = (path: string, text: string): FieldError => fieldError.invalid(path, text, LEVEL_MESSAGE);
export const versionError = (path: string, text: string): FieldError => fieldError.invalid(path, text, VERSION_MESSAGE);

export const isFullyPrivileged = ({ enforce, audit, warn }: Policy): boolean =>
  enforce.level === 'privileged' && audit.level === 'privileged' && warn.level === 'privileged';

/** Below zero when `a` allows more than `b`. */
export const compareLevels = (a: Level, b: Level): number => LEVELS.indexOf(a) - LEVELS.indexOf(b);

export const isSameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.version === b.version;

/** Whether two policies come to the same. */
export const isEquivalent = (a: Policy, b: Policy): boolean =>
  MODES.every((mode) => (a[mode].level === 'privileged' && b[mode].level === 'privileged') || isSameLevel(a[mode], b[mode]));

export const levelLabel = (mode: Mode): string => `${PREFIX}${mode}`;
export const versionLabel = (mode: Mode): string => `${PREFIX}${mode}-version`;

/**
 * The policy of a namespace with these labels. A level to enforce that cannot be read is the strictest, one to note or to warn of the
 * loosest; who enforces more than is warned of is warned of that too. Upstream: `api.PolicyToEvaluate`.
 */
export function policyOf(labels: Labels, defaults: Policy = EVERYTHING_GOES.policy): ReadPolicy {
  if (!labels || !MODES.some((mode) => levelLabel(mode) in labels || versionLabel(mode) in labels)) {
    return defaults === EVERYTHING_GOES.policy ? EVERYTHING_GOES : { policy: defaults, errors: [] };
  }
  const errors: FieldError[] = [];
  const read = (mode: Mode) => readMode(labels, { mode, fallback: defaults[mode] }, errors);
  const [enforce, audit, warn] = [read('enforce'), read('audit'), read('warn')];
  return { policy: { enforce, audit, warn: raiseWarning(labels, enforce, warn) }, errors };
}

function readMode(
  labels: Record<string, string>,
  { mode, fallback }: { readonly mode: Mode; readonly fallback: LevelVersion },
  errors: FieldError[],
): LevelVersion {
  let { level, version } = fallback;
  const levelText = labels[levelLabel(mode)];
  if (levelText !== undefined) {
    const known = readLevel(levelText);
    if (known === undefined) errors.push(levelError(`metadata.labels[${levelLabel(mode)}]`, levelText));
    level = known ?? (mode === 'enforce' ? 'restricted' : 'privileged');
  }
  const versionText = labels[versionLabel(mode)];
  if (versionText !== undefined) {
    const known = readVersion(versionText);
    if (known === undefined) errors.push(versionError(`metadata.labels[${versionLabel(mode)}]`, versionText));
    version = known ?? 'latest';
  }
  return { level, version };
}

function raiseWarning(labels: Record<string, string>, enforce: LevelVersion, warn: LevelVersion): LevelVersion {
  const isAsked = readLevel(labels[levelLabel('enforce')] ?? '') !== undefined && labels[levelLabel('warn')] === undefined;
  if (!isAsked || compareLevels(enforce.level, warn.level) <= 0) return warn;
  return { level: enforce.level, version: labels[versionLabel('warn')] === undefined ? enforce.version : warn.version };
}
