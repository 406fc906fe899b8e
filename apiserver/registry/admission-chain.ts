import type { AdmissionMetrics, AdmissionStep, PluginTimer } from '../admission/metrics.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/plugin.ts';
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
  { steps, timer, now }: Phase,
  context: RequestContext,
  attributes: AdmissionAttributes,
  isRepeated: (attributes: AdmissionAttributes) => boolean,
): Promise<void> {
  const { operation } = attributes;
  const began = now();
  let last = began;
  let current = NO_TIMER;
  try {
    do {
      for (const step of steps) {
        current = step.timer;
        const pending = step.act(context, attributes);
        if (pending) await pending;
        const then = last;
        last = now();
        current.observe(operation, last - then, false);
      }
    } while (isRepeated(attributes));
    timer.observe(operation, last - began, false);
  } catch (error) {
    const end = now();
    current.observe(operation, end - last, true);
    timer.observe(operation, end - began, true);
    throw error;
  }
}

/** Admits everything: for what the API server writes on its own behalf. */
export const noAdmission: Admission = new AdmissionChain([]);
