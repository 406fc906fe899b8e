import type { EventRecorder, EventSubject } from '../../client/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';

/** Events that wait; beyond it the newest are dropped, as an overloaded kubelet drops them. */
const WAITING_MAX = 50_000;
/** Events handed on in one step, and the time between two steps: fewer while pods wait for their status. */
const STEP_MS = 100;
const STEP_EVENTS = 100;
const STEP_EVENTS_BUSY = 10;

type Arguments = Parameters<EventRecorder['event']>;

/**
 * Events of all nodes, handed on at a measured pace: a status that is late makes a pod late, an event that is late makes nobody wait.
 * Each keeps the time it happened.
 */
export class PacedEvents {
  readonly #recorder: Pick<EventRecorder, 'event'>;
  readonly #clock: Clock;
  readonly #isBusy: () => boolean;
  #waiting: Arguments[] = [];
  #timer: Timer | undefined;
  #credit = STEP_EVENTS;

  constructor(options: { readonly recorder: Pick<EventRecorder, 'event'>; readonly clock: Clock; readonly isBusy: () => boolean }) {
    this.#recorder = options.recorder;
    this.#clock = options.clock;
    this.#isBusy = options.isBusy;
  }

  /** A recorder of one node. */
  of(host: string): Pick<EventRecorder, 'event'> {
    return {
      event: (...[subject, type, reason, message, extra]) =>
        this.#add([slim(subject), type, reason, message, { host, at: this.#clock.now(), ...extra }]),
    };
  }

  /** Passes on at once what still waits. */
  stop(): void {
    this.#timer?.cancel();
    for (const event of this.#waiting.splice(0)) this.#recorder.event(...event);
  }

  #add(event: Arguments): void {
    if (this.#waiting.length >= WAITING_MAX) return;
    this.#waiting.push(event);
    if (!this.#timer) this.#step();
  }

  #step(): void {
    this.#timer = undefined;
    const batch = this.#waiting.splice(0, Math.min(this.#credit, this.#isBusy() ? STEP_EVENTS_BUSY : STEP_EVENTS));
    this.#credit -= batch.length;
    for (const event of batch) this.#recorder.event(...event);
    if (this.#waiting.length === 0 && this.#credit >= STEP_EVENTS) return;
    this.#timer = this.#clock.setTimer(STEP_MS, () => {
      this.#credit = STEP_EVENTS;
      this.#step();
    });
  }
}

/** Only what an event needs: an event that waits does not keep its pod. */
const slim = ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }: EventSubject): EventSubject => ({
  apiVersion,
  kind,
  metadata: { name, namespace, uid, resourceVersion },
});
