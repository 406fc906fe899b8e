// `--feature-gates` as upstream's processes read it. Upstream: component-base, `featuregate/feature_gate.go`, `compatibility/registry.go`.
import { type FeatureStage, KUBERNETES_FEATURES } from './kubernetes-features.ts';
import { OptionError, parseTruth } from './options.ts';

/** Gates that stand for all that are so far and are not named themselves. */
const MANY: ReadonlyMap<string, FeatureStage> = new Map([
  ['AllAlpha', 'ALPHA'],
  ['AllBeta', 'BETA'],
]);
/** The component whose gates these are; a gate may name it. */
const COMPONENT = 'kube';

/** A gate as it was set. */
export interface FeatureSetting {
  readonly stage: FeatureStage;
  readonly isOn: boolean;
  /** What it is unless it is set. */
  readonly isOnByDefault: boolean;
  /** Whether it was set by its own name. */
  readonly isNamed: boolean;
}

/**
 * Reads the option.
 *
 * @param entries `Gate=true|false`, or `kube:Gate=true|false`.
 * @returns all gates by name, AllAlpha and AllBeta among them.
 * @throws OptionError in upstream's words for a gate that there is not, or that is locked.
 */
export function readFeatureGates(entries: readonly string[]): ReadonlyMap<string, FeatureSetting> {
  const given = new Map(ofComponent(entries).map(readEntry));
  checkKnown(given);
  const settings = [...KUBERNETES_FEATURES].map(([name, { stage, isOn }]) => {
    const many = [...MANY].find(([, each]) => each === stage)?.[0] ?? '';
    const setting = { stage, isOn: given.get(name) ?? given.get(many) ?? isOn, isOnByDefault: isOn, isNamed: given.has(name) };
    return [name, setting] as const;
  });
  const many = [...MANY].map(([name, stage]) => {
    const setting = { stage, isOn: given.get(name) ?? false, isOnByDefault: false, isNamed: given.has(name) };
    return [name, setting] as const;
  });
  return new Map([...many, ...settings]);
}

/** The entries without the name of the component. */
function ofComponent(entries: readonly string[]): string[] {
  const pairs = entries.filter(Boolean).map((entry) => {
    const colon = entry.indexOf(':');
    return { component: entry.slice(0, Math.max(colon, 0)).trim(), entry: entry.slice(colon + 1).trim() };
  });
  const components = new Set(pairs.map(({ component }) => component));
  if (components.has('') && components.has(COMPONENT))
    throw wrong('set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use');
  const other = [...components].find((component) => component !== '' && component !== COMPONENT);
  if (other !== undefined) throw wrong(`component not registered: ${other}`);
  return pairs.map(({ entry }) => entry).filter(Boolean);
}

function readEntry(entry: string): readonly [string, boolean] {
  const equals = entry.indexOf('=');
  if (equals < 0) throw wrong(`missing bool value for ${entry}`);
  const name = entry.slice(0, equals).trim();
  const text = entry.slice(equals + 1).trim();
  const value = parseTruth(text);
  if (value === undefined)
    throw wrong(`invalid value of ${name}=${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  return [name, value];
}

function checkKnown(given: ReadonlyMap<string, boolean>): void {
  for (const [name, value] of given) {
    if (MANY.has(name)) continue;
    const feature = KUBERNETES_FEATURES.get(name);
    if (!feature) throw wrong(`unrecognized feature gate: ${name}`);
    if (feature.isLocked && feature.isOn !== value)
      throw wrong(`cannot set feature gate ${name} to ${value}, feature is locked to ${feature.isOn}`);
  }
}

const wrong = (why: string): OptionError => new OptionError(`option --feature-gates: ${why}`);
