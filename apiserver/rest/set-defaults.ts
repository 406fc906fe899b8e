import { type ApiError, apiError, type KubeObject } from '../../api/index.ts';
import { cannotBeHandled, DecodeError } from '../../api/schema.ts';
import type { Resource } from '../registry/resource.ts';

/**
 * Fills in the defaults of an object that was read, which brings it into the form that the kind has inside: what has none is refused as what
 * cannot be read.
 *
 * @param refused what is said of it; as of a whole body unless given.
 * @throws ApiError
 */
export function setDefaults({ info, strategy }: Resource, object: KubeObject, refused?: (error: DecodeError) => ApiError): void {
  try {
    strategy.setDefaults(object);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw refused?.(error) ?? apiError.badRequest(cannotBeHandled(info, info.kind, error.message));
  }
}
