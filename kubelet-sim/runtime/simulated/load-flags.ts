import { parseQuantity, QuantityError } from '../../../api/index.ts';
import type { ContainerBehaviour, ContainerConfig, LoadCurve } from '../cri.ts';
import { commandLineOption } from './command-line.ts';
import type { ImageFacts } from './image-catalog.ts';

/** How long a load generator takes to get there. */
const RAMP_MS = 500;

/** What a load generator is told to use, as `stress --vm-bytes 150M`; undefined for all other programs. */
export function loadOf(
  { loadFlags }: ImageFacts,
  { command, args }: Pick<ContainerConfig, 'command' | 'args'>,
): ContainerBehaviour | undefined {
  if (!loadFlags) return undefined;
  const argv = [...command, ...args];
  const memory = amountOf(argv, loadFlags.memoryBytes ?? []);
  const processors = amountOf(argv, loadFlags.cpuMillis ?? []);
  if (memory === undefined && processors === undefined) return undefined;
  return {
    memoryBytes: memory === undefined ? undefined : rampTo(memory),
    cpuMillis: processors === undefined ? undefined : rampTo(processors * 1000),
  };
}

const rampTo = (value: number): LoadCurve => ({
  points: [
    { atMs: 0, value: 0 },
    { atMs: RAMP_MS, value },
  ],
});

function amountOf(argv: readonly string[], flags: readonly string[]): number | undefined {
  const text = flags.map((flag) => commandLineOption(argv, flag)).find((value) => value !== '');
  if (text === undefined) return undefined;
  try {
    return parseQuantity(text).milli() / 1000;
  } catch (error) {
    if (error instanceof QuantityError) return undefined; // the tool would complain; it then uses nothing
    throw error;
  }
}
