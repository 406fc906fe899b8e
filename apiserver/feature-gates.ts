// What of upstream's features is off by default and can be turned on: `--feature-gates`. Upstream: component-base, `featuregate/feature_gate.go`.
import { OptionError } from '../runtime/index.ts';

const OPTION = 'option --feature-gates';

/** The gates there are, with how far each is in 1.34. */
const GATES = { MutatingAdmissionPolicy: 'AllBeta' } as const;
/** What turns on all gates that are so far. */
const STAGES: readonly string[] = ['AllAlpha', 'AllBeta'];

export type FeatureGate = keyof typeof GATES;

/**
 * Reads the option.
 *
 * @param entries `Gate=true|false`.
 * @returns the gates that are on.
 * @throws OptionError that says what to change.
 */
export function featureGates(entries: readonly string[]): ReadonlySet<FeatureGate> {
  const values = new Map(entries.map(readEntry));
  const isOn = (gate: FeatureGate): boolean => values.get(gate) ?? values.get(GATES[gate]) ?? false;
  return new Set(Object.keys(GATES).filter(isGate).filter(isOn));
}

function readEntry(entry: string): readonly [string, boolean] {
  const [gate = '', value] = entry.split('=').map((part) => part.trim());
  if (!isGate(gate) && !STAGES.includes(gate)) {
    throw new OptionError(`${OPTION} names an unknown gate "${gate}"; there is ${[...Object.keys(GATES), ...STAGES].join(', ')}`);
  }
  if (value === undefined || !/^(?:true|false)$/i.test(value)) {
    throw new OptionError(`${OPTION} takes ${gate}=true or ${gate}=false, not "${entry}"`);
  }
  return [gate, value.toLowerCase() === 'true'];
}

const isGate = (name: string): name is FeatureGate => Object.hasOwn(GATES, name);
