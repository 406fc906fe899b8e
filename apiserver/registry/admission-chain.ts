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
  readonly #admitting: readonly AdmissionPlugin[];
  readonly #validating: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#admitting = plugins.filter((plugin) => plugin.admit !== undefined);
    this.#validating = plugins.filter((plugin) => plugin.validate !== undefined);
  }

  async admit(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    await this.#admitOnce(context, attributes);
    if (!attributes.reinvocation?.isWanted) return;
    attributes.reinvocation.begin();
    await this.#admitOnce(context, attributes);
  }

  async #admitOnce(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#admitting) {
      const pending = plugin.admit?.(context, attributes);
      if (pending) await pending;
    }
  }

  async validate(context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#validating) {
      const pending = plugin.validate?.(context, attributes);
      if (pending) await pending;
    }
  }
}

/** Admits everything: for what the API server writes on its own behalf. */
export const noAdmission: Admission = new AdmissionChain([]);
