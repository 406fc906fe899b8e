import { ConnectError } from '../network/listener.ts';
import type { ShellHost } from './shell-context.ts';

/** How long the C library tries a server of names that does not answer: two attempts of five seconds (resolv.conf(5)). */
const RESOLVE_MS = 10_000;

/** Whether a name was not found because a server of names was silent; one that refuses says so at once. */
const isSilence = (error: unknown): boolean =>
  error instanceof ConnectError &&
  error.failure === 'unresolved' &&
  !(error.cause instanceof ConnectError && error.cause.failure === 'refused');

/** Gives a name up as late as the C library does, or after `limitMs`. @returns what was looked for @throws what it failed with */
export async function patiently<T>(host: ShellHost, looking: Promise<T>, limitMs = RESOLVE_MS): Promise<T> {
  try {
    return await looking;
  } catch (error) {
    if (isSilence(error)) await host.sleep(Math.min(limitMs, RESOLVE_MS));
    throw error;
  }
}

/** Whether a program that waits so long for a name has gone before its server of names is given up. */
export const endsResolving = (error: unknown, limitMs: number): boolean => isSilence(error) && limitMs < RESOLVE_MS;
