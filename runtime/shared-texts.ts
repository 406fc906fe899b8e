/** Texts remembered; twice that in all. Older ones are forgotten, which costs memory and nothing else. */
const GENERATION_MAX = 10_000;
/** A longer text is hardly the same anywhere else. */
const LENGTH_MAX = 128;
/** `JSON.parse` itself makes texts up to this long one. */
export const SHARED_TEXT_LENGTH_MIN = 10;

/** Makes equal texts one, which were read from different objects, by what was seen lately. */
export class SharedTexts {
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** @returns an equal text that was seen before, or this one. */
  share(text: string): string {
    if (text.length <= SHARED_TEXT_LENGTH_MIN || text.length > LENGTH_MAX) return text;
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const known = this.#old.get(text) ?? text;
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(known, known);
    return known;
  }
}
