/** Lets in one at a time, each in a turn of the event loop of its own: between two, what has come in from elsewhere is looked at. */
export class Turnstile {
  readonly #ready: (() => void)[] = [];
  #isTurning = false;

  enter(go: () => void): void {
    this.#ready.push(go);
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#ready.shift()?.();
    if (this.#ready.length > 0) setImmediate(() => this.#turn());
    else this.#isTurning = false;
  }
}
