import { StoreError } from '../../store/index.ts';

/**
 * Writes an object; when it is too large for the store, once more without its managed fields, which can be larger than all the rest. Upstream:
 * `isTooLargeError` in apiserver's `pkg/endpoints/handlers/{create,update,patch}.go`.
 *
 * @param write does it, with managed fields or without.
 */
export async function writeSmaller<T>(write: (withFields: boolean) => Promise<T>): Promise<T> {
  try {
    return await write(true);
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'ValueTooLarge')) throw error;
    return write(false);
  }
}
