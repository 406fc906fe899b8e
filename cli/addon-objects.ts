import { UserError } from '../runtime/index.ts';
import type { AdminRequests } from './admin-requests.ts';

/** An object that an add-on consists of. */
export interface AddonObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Objects, each with the path it is sent to. */
export type AddonObjects = readonly (readonly [path: string, object: AddonObject])[];

/**
 * Makes the objects of an add-on, in their order: what is there already stays as it is.
 *
 * @throws UserError when something cannot be made
 */
export async function ensureObjects(requests: AdminRequests, addon: string, objects: AddonObjects): Promise<void> {
  for (const [path, object] of objects) {
    const { status, body } = await requests.send('POST', path, object);
    if (status === 201 || status === 409) continue;
    const { message } = body as { readonly message?: string };
    throw new UserError(
      `option --addons: ${object.kind} "${object.metadata.name}" of ${addon} could not be made: ${message ?? `status ${status}`}`,
    );
  }
}
