// Running selectors on devices. Upstream: `dynamic-resource-allocation/cel/cache.go`, `selectorsMatch` of the allocator.
import type { compileDeviceSelector, DeviceSelectorProgram } from '../../../../api/cel.ts';
import type { DeviceSelector } from '../../../../api/index.ts';
import type { PoolDevice } from './inventory.ts';

/** Compiled selectors that are kept, those used last. */
const SELECTORS_MAX = 100;

/** CEL, once it was needed: most schedulers never see a claim (docs/adr/0025). */
let compile: typeof compileDeviceSelector | undefined;

export const selectorsAreLoaded = (): boolean => compile !== undefined;

/** Loads what selectors are compiled with. */
export async function loadSelectors(): Promise<void> {
  ({ compileDeviceSelector: compile } = await import('../../../../api/cel.ts'));
}

/** Compiles selectors, each once for as long as it is used. */
export class Selectors {
  readonly #programs = new Map<string, DeviceSelectorProgram>();

  /** @throws ExpressionError */
  program(text: string): DeviceSelectorProgram {
    if (!compile) throw new Error('selectors are compiled before they are loaded');
    const program = this.#programs.get(text) ?? compile(text);
    this.#programs.delete(text);
    this.#programs.set(text, program);
    for (const oldest of this.#programs.keys()) {
      if (this.#programs.size <= SELECTORS_MAX) break;
      this.#programs.delete(oldest);
    }
    return program;
  }
}

interface SelectorContext {
  readonly selectors: Selectors;
  /** Whose tests they are, for messages. */
  readonly owner: string;
}

/** Whether a device passes all tests. @throws when one cannot be compiled or fails. */
export function selectorsMatch(
  { device, slice }: PoolDevice,
  tests: readonly DeviceSelector[],
  { selectors, owner }: SelectorContext,
): boolean {
  const { driver } = slice.spec;
  return tests.every(({ cel }, i) => {
    const program = attempt(() => selectors.program(cel?.expression ?? ''), `${owner}: selector #${i}: CEL compile error`);
    return attempt(
      () => program.matches({ driver, attributes: device.attributes, capacity: device.capacity }),
      `${owner}: selector #${i}: CEL runtime error`,
    );
  });
}

function attempt<T>(run: () => T, what: string): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
