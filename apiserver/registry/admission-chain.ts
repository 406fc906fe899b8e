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
    return timed(this.#admitting, attributes, async () => {
      await run(this.#admitting, context, attributes);
      if (!attributes.reinvocation?.isWanted) return;
      attributes.reinvocation.begin();
      await run(this.#admitting, context, attributes);
    });
  }

  validate(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    return timed(this.#validating, attributes, () => run(this.#validating, context, attributes));
  }
}

/** The plugins that have a say in one phase. */
interface Phase {
  readonly steps: readonly { readonly act: NonNullable<AdmissionPlugin['admit']>; readonly timer: PluginTimer | undefined }[];
  readonly timer: PluginTimer | undefined;
  readonly metrics: AdmissionMetrics | undefined;
}

function phaseOf(plugins: readonly AdmissionPlugin[], name: AdmissionStep, metrics: AdmissionMetrics | undefined): Phase {
  const steps = plugins.flatMap((plugin) => {
    const act = plugin[name]?.bind(plugin);
    return act ? [{ act, timer: metrics?.pluginTimer(plugin.name, name) }] : [];
  });
  return { steps, timer: metrics?.stepTimer(name), metrics };
}

async function timed({ timer, metrics }: Phase, { operation }: AdmissionAttributes, act: () => Promise<void>): Promise<void> {
  if (!timer || !metrics) return act();
  const began = metrics.now();
  let rejected = true;
  try {
    await act();
    rejected = false;
  } finally {
    timer.observe(operation, metrics.now() - began, rejected);
  }
}

/** Calls each plugin; one that answers at once is not waited for. */
async function run({ steps, metrics }: Phase, context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
  let began = metrics?.now() ?? 0;
  for (const { act, timer } of steps) {
    let rejected = true;
    try {
      const pending = act(context, attributes);
      if (pending) await pending;
      rejected = false;
    } finally {
      if (timer && metrics) {
        const now = metrics.now();
        timer.observe(attributes.operation, now - began, rejected);
        began = now;
      }
    }
  }
}

/** Admits everything: for what the API server writes on its own behalf. */
export const noAdmission: Admission = new AdmissionChain([]);
