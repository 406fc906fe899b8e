import { setMaxListeners } from 'node:events';

/**
 * Calls `fn` once when the signal is aborted. One signal often ends thousands of things, which is no leak: Node's warning is off for it.
 *
 * @returns what takes the call back; to be disposed of when the thing ends by itself.
 */
export function onAbort(signal: AbortSignal, fn: () => void): Disposable {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', fn, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', fn) };
}
