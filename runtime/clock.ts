import { onAbort } from './abort.ts';

/** A timer that was set and can be taken back. */
export interface Timer extends Disposable {
  /** Takes the timer back; no effect once it has fired. */
  cancel(): void;
}

/**
 * Time, as everything in nanokube takes it: no file outside `runtime/` reads the clock or sets a timer, so that a whole cluster can run
 * on a {@link VirtualClock}.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that only go forward; for measuring. */
  monotonic(): number;
  /** Calls `fn` once, `delayMs` from now. Does not keep the process alive. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /**
   * Something is under way that takes turns of the event loop whatever this clock says, as the load of a module: a clock that is moved by
   * hand stands still until what is answered is disposed of.
   */
  hold(): Disposable;
}

/** Node clamps longer delays to 1 ms; longer waits are cut into pieces of this. */
export const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: setSystemTimer,
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
  hold: () => NOT_HELD,
};

/** A machine's time goes on whatever happens. */
const NOT_HELD: Disposable = { [Symbol.dispose]: () => undefined };

function setSystemTimer(delayMs: number, fn: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = (left: number) => {
    const piece = Math.min(left, TIMER_DELAY_MS_MAX);
    handle = setTimeout(() => (left > piece ? arm(left - piece) : fn()), piece);
    handle.unref();
  };
  arm(Math.max(0, delayMs));
  const cancel = () => clearTimeout(handle);
  return { cancel, [Symbol.dispose]: cancel };
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = clock.setTimer(delayMs, () => {
      aborted?.[Symbol.dispose]();
      resolve();
    });
    const aborted =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason);
      });
  });
}

interface VirtualTimer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is told to move; timers fire in order of their time, then of their setting. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #holds = 0;
  readonly #timers = new Set<VirtualTimer>();

  /** @param start milliseconds since the epoch at which the clock begins. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const timer: VirtualTimer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, fn };
    this.#timers.add(timer);
    const cancel = () => {
      this.#timers.delete(timer);
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  hold(): Disposable {
    this.#holds++;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#holds--;
        isHeld = false;
      },
    };
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Everything that is ready to run is run, and what holds the clock is waited for. */
  async #settle(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#holds > 0);
  }

  /** Moves the clock by `ms`, firing what falls due on the way; between two timers, everything that is ready to run is run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.#settle();
      const next = this.#earliest(end);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = end;
    await this.#settle();
  }

  /**
   * Moves the clock by `ms` at once, as that of a machine which slept: what fell due meanwhile fires afterwards, in its order, and sees the
   * new time.
   */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  #earliest(end: number): VirtualTimer | undefined {
    let best: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (!best || timer.at < best.at || (timer.at === best.at && timer.order < best.order)) best = timer;
    }
    return best;
  }
}
