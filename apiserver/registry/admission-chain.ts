import type { AdmissionMetrics, AdmissionStep, PluginTimer } from '../admission/metrics.ts';
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from '../admission/plugin.ts';
import type { RequestContext } from './strategy.ts';

/** What a request must pass. */
export interface Admission {
  /** Lets plugins change the object. @throws ApiError of the first that refuses. */
  admit(context: RequestContext, attributes: AdmissionAttributes): Promise<void>;
  /** Lets plugins look at the object as it would be stored. @throws ApiError of the first that refuses. */
  validate(context: RequestContext, attributes: AdmissionAttributes): Promise<void>;
}

/**
 * The admission plugins in their order. Plugins that answer at once cost no turn of the event loop. When one of them asks for it, those that
 * change objects are called twice (see {@link Reinvocation}).
 */
export class AdmissionChain implements Admission {
  readonly #admitting: Phase;
  readonly #validating: Phase;

  /** @param metrics what is told how long plugins take; nobody unless given. */
  constructor(plugins: readonly AdmissionPlugin[], metrics?: AdmissionMetrics) {
    this.#admitting = phaseOf(plugins, 'admit', metrics);
    this.#validating = phaseOf(plugins, 'validate', metrics);
  }

  admit(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    return run(this.#admitting, context, attributes, ({ reinvocation }) => {
      if (!reinvocation?.isWanted || reinvocation.round > 0) return false;
      reinvocation.begin();
      return true;
    });
  }

  validate(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    return run(this.#validating, context, attributes, () => false);
  }
}

interface Step {
  readonly act: NonNullable<AdmissionPlugin['admit']>;
  readonly timer: PluginTimer;
}

/** The plugins that have a say in one phase. */
interface Phase {
  readonly steps: readonly Step[];
  readonly timer: PluginTimer;
  now(): number;
}

const NO_TIMER: PluginTimer = { observe: () => undefined };

function phaseOf(plugins: readonly AdmissionPlugin[], name: AdmissionStep, metrics: AdmissionMetrics | undefined): Phase {
  const steps = plugins.flatMap((plugin): Step[] => {
    const act = plugin[name]?.bind(plugin);
    return act ? [{ act, timer: metrics?.pluginTimer(plugin.name, name) ?? NO_TIMER }] : [];
  });
  return { steps, timer: metrics?.stepTimer(name) ?? NO_TIMER, now: () => metrics?.now() ?? 0 };
}

/** Calls each plugin, again if it is asked for; one that answers at once is not waited for. */
async function run(
  phase: Phase,
  context: RequestContext,
  attributes: AdmissionAttributes,
  isRepeated: (attributes: AdmissionAttributes) => boolean,
): Promise<void> {
  const { steps, timer } = phase;
  const { operation } = attributes;
  const began = phase.now();
  const watch = new StopWatch(phase, operation, began);
  let at = 0;
  try {
    do {
      for (at = 0; at < steps.length; at++) {
        const pending = steps[at]?.act(context, attributes);
        if (!pending) continue;
        watch.answered(at);
        await pending;
        watch.waited(at);
      }
      watch.answered(steps.length);
    } while (isRepeated(attributes));
    timer.observe(operation, watch.last - began, false);
  } catch (error) {
    watch.rejected(at);
    timer.observe(operation, watch.last - began, true);
    throw error;
  }
}

/**
 * Measures plugins. Looking at the clock takes longer than most of them do: those that answer at once share the time that they took
 * together.
 */
class StopWatch {
  readonly #phase: Phase;
  readonly #operation: AdmissionOperation;
  /** The first plugin that has no time yet. */
  #first = 0;
  last: number;

  constructor(phase: Phase, operation: AdmissionOperation, began: number) {
    this.#phase = phase;
    this.#operation = operation;
    this.last = began;
  }

  /** The plugins before this one answered at once. */
  answered(at: number): void {
    const { steps, now } = this.#phase;
    const end = now();
    const share = (end - this.last) / Math.max(at - this.#first, 1);
    for (; this.#first < at; this.#first++) steps[this.#first]?.timer.observe(this.#operation, share, false);
    this.last = end;
    if (at === steps.length) this.#first = 0;
  }

  /** This one was waited for. */
  waited(at: number): void {
    const end = this.#phase.now();
    this.#phase.steps[at]?.timer.observe(this.#operation, end - this.last, false);
    this.#first = at + 1;
    this.last = end;
  }

  /** This one refused. */
  rejected(at: number): void {
    if (this.#first < at) this.answered(at);
    const end = this.#phase.now();
    this.#phase.steps[at]?.timer.observe(this.#operation, end - this.last, true);
    this.last = end;
  }
}

/** Admits everything: for what the API server writes on its own behalf. */
export const noAdmission: Admission = new AdmissionChain([]);
