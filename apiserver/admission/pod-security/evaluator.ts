import { BASELINE } from './baseline.ts';
import type { Check, CheckedPod, CheckPod, Violation } from './check.ts';
import { type LevelVersion, writeLevel } from './policy.ts';
import { RESTRICTED } from './restricted.ts';

/** The last minor version in which a check changed: later ones, and `latest`, are the same. */
const NEWEST = Math.max(...[...BASELINE, ...RESTRICTED].flatMap(({ versions }) => versions.map(({ since }) => since)));

const known = new Map<string, readonly CheckPod[]>();

/** What a pod does that a level forbids, in upstream's order: the checks of baseline, then those of restricted, each by their ids. */
export function violationsOf(levelVersion: LevelVersion, pod: CheckedPod): Violation[] {
  return checksOf(levelVersion).flatMap((check) => check(pod) ?? []);
}

function checksOf(levelVersion: LevelVersion): readonly CheckPod[] {
  const key = writeLevel(levelVersion);
  const found = known.get(key);
  if (found) return found;
  const { level, version } = levelVersion;
  const checks = level === 'privileged' ? [] : select(level === 'restricted', version === 'latest' ? NEWEST : Math.min(version, NEWEST));
  // Versions beyond the newest are all one, and anybody may name them: only those that differ are kept.
  if (version === 'latest' || version <= NEWEST) known.set(key, checks);
  return checks;
}

function select(isRestricted: boolean, minor: number): CheckPod[] {
  const present = (checks: readonly Check[]) =>
    [...checks]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap(({ id, versions }) => {
        const version = versions.findLast(({ since }) => since <= minor);
        return version ? [{ id, ...version }] : [];
      });
  const restricted = isRestricted ? present(RESTRICTED) : [];
  const overridden = restricted.map(({ overrides }) => overrides);
  return [...present(BASELINE).filter(({ id }) => !overridden.includes(id)), ...restricted].map(({ check }) => check);
}

/** `privileged, runAsUser=0` */
export const reasonsOf = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(', ');

/** The same, with who does it. */
export const detailsOf = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
