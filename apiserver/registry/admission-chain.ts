import type { AdmissionAttributes, AdmissionPlugin } from '../admission/plugin.ts';
import type { RequestContext } from './strategy.ts';

/** The admission plugins in their order. Plugins that answer at once cost no turn of the event loop. */
export class AdmissionChain {
  readonly #admitting: readonly AdmissionPlugin[];
  readonly #validating: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#admitting = plugins.filter((plugin) => plugin.admit !== undefined);
    this.#validating = plugins.filter((plugin) => plugin.validate !== undefined);
  }

  /** Lets each plugin change the object. @throws ApiError of the first that refuses. */
  async admit(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#admitting) {
      const pending = plugin.admit?.(context, attributes);
      if (pending) await pending;
    }
  }

  /** Lets each plugin look at the object as it would be stored. @throws ApiError of the first that refuses. */
  async validate(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#validating) {
      const pending = plugin.validate?.(context, attributes);
      if (pending) await pending;
    }
  }
}

/** Admits everything: for what the API server writes on its own behalf. */
export const noAdmission = new AdmissionChain([]);
