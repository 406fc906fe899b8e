// Matches in one pass over the text, however the pattern is made: no backtracking, hence no pattern that takes for ever.
//
//   pattern ─▶ program (char, split, place, match) ─▶ states, made when first met: the set of places in the program
//                                                     where the text so far may have led to
import { type CharSet, isWord } from './char-set.ts';
import type { Node, Place } from './parse.ts';

/** States that are kept; beyond, they are made anew. */
const STATES_MAX = 2_000;
/** Steps of a program, which repetitions multiply. */
const STEPS_MAX = 1_000_000;
const ASCII_END = 128;
const NEWLINE = 0x0a;

type Step =
  | { readonly op: 'char'; readonly set: CharSet; readonly next: number }
  | { readonly op: 'split'; readonly next: readonly number[] }
  | { readonly op: 'place'; readonly place: Place; readonly next: number }
  | { readonly op: 'match' };

/** A pattern that is too large. */
export class TooLargeError extends Error {}

/** @throws TooLargeError */
function assemble(root: Node): { readonly steps: readonly Step[]; readonly start: number } {
  const steps: Step[] = [{ op: 'match' }];
  const add = (step: Step): number => {
    if (steps.length >= STEPS_MAX) throw new TooLargeError();
    return steps.push(step) - 1;
  };
  /** Adds a node before `next`. @returns where it begins. */
  const emit = (node: Node, next: number): number => {
    switch (node.op) {
      case 'char':
        return add({ op: 'char', set: node.set, next });
      case 'place':
        return add({ op: 'place', place: node.place, next });
      case 'concat':
        return node.nodes.reduceRight((after, inner) => emit(inner, after), next);
      case 'either':
        return add({ op: 'split', next: node.nodes.map((inner) => emit(inner, next)) });
      case 'repeat':
        return emitRepeat(node, next);
    }
  };
  const emitRepeat = ({ node, min, max }: Extract<Node, { op: 'repeat' }>, next: number): number => {
    let begin = next;
    if (max === undefined) {
      const loop: number[] = [];
      begin = add({ op: 'split', next: loop });
      loop.push(emit(node, begin), next);
    } else {
      for (let i = min; i < max; i++) begin = add({ op: 'split', next: [emit(node, begin), next] });
    }
    for (let i = 0; i < min; i++) begin = emit(node, begin);
    return begin;
  };
  const start = emit(root, 0);
  return { steps, start };
}

/** What is around the place between two characters. */
interface Around {
  readonly begin: boolean;
  readonly end: boolean;
  readonly afterNewline: boolean;
  readonly beforeNewline: boolean;
  readonly afterWord: boolean;
  readonly beforeWord: boolean;
}

const HOLDS: Readonly<Record<Place, (around: Around) => boolean>> = {
  beginText: ({ begin }) => begin,
  endText: ({ end }) => end,
  beginLine: ({ begin, afterNewline }) => begin || afterNewline,
  endLine: ({ end, beforeNewline }) => end || beforeNewline,
  wordBoundary: ({ afterWord, beforeWord }) => afterWord !== beforeWord,
  noWordBoundary: ({ afterWord, beforeWord }) => afterWord === beforeWord,
};

interface State {
  /** Steps the text may have led to; those of a new beginning come always. */
  readonly at: readonly number[];
  /** The character before; undefined at the beginning of the text. */
  readonly after: 'newline' | 'word' | 'other' | undefined;
  /** Where each ASCII character leads, as far as it is known. */
  readonly ascii: (State | undefined)[];
  /** Whether a text that ends here matches, once it is known. */
  ends: boolean | undefined;
}

const newState = (at: readonly number[], after: State['after']): State => ({ at, after, ascii: [], ends: undefined });

/** A match was found: nothing that follows matters. */
const FOUND = newState([], 'other');
/** No match can come any more. */
const LOST = newState([], 'other');

export class Matcher {
  readonly #steps: readonly Step[];
  readonly #start: number;
  /** Whether it makes a difference what the character before was. */
  readonly #looksBack: boolean;
  /** Whether a match can only begin where the text does. */
  readonly #isAnchored: boolean;
  readonly #first = newState([], undefined);
  readonly #states = new Map<string, State>();

  /** @throws TooLargeError */
  constructor(root: Node) {
    const { steps, start } = assemble(root);
    this.#steps = steps;
    this.#start = start;
    this.#looksBack = steps.some((step) => step.op === 'place' && step.place !== 'beginText' && step.place !== 'endText');
    const first = steps[start];
    this.#isAnchored = first?.op === 'place' && first.place === 'beginText';
  }

  /** Whether the pattern matches anywhere in a text. */
  matches(text: string): boolean {
    let state = this.#first;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(i) ?? code;
        if (code > 0xffff) i++;
      }
      state = (code < ASCII_END ? state.ascii[code] : undefined) ?? this.#follow(state, code);
      if (state === FOUND) return true;
      if (state === LOST) return false;
    }
    state.ends ??= this.#reach(state, undefined).found;
    return state.ends;
  }

  #follow(state: State, code: number): State {
    const { chars, found } = this.#reach(state, code);
    const next = found
      ? FOUND
      : this.#stateAt(
          chars.flatMap((step) => (step.set(code) ? [step.next] : [])),
          code,
        );
    if (code < ASCII_END) state.ascii[code] = next;
    return next;
  }

  #stateAt(steps: readonly number[], code: number): State {
    if (steps.length === 0 && this.#isAnchored) return LOST;
    const at = [...new Set(steps)].sort((a, b) => a - b);
    const after = !this.#looksBack ? 'other' : code === NEWLINE ? 'newline' : isWord(code) ? 'word' : 'other';
    const key = `${after} ${at.join()}`;
    let state = this.#states.get(key);
    if (!state) {
      if (this.#states.size >= STATES_MAX) this.#forget();
      state = newState(at, after);
      this.#states.set(key, state);
    }
    return state;
  }

  /** Lets go of all states: whatever leads to them leads there from the first. */
  #forget(): void {
    this.#states.clear();
    this.#first.ascii.length = 0;
  }

  /** Where one is in a state when the next character, or the end, is known. */
  #reach({ at, after }: State, code: number | undefined): { chars: Extract<Step, { op: 'char' }>[]; found: boolean } {
    const around: Around = {
      begin: after === undefined,
      end: code === undefined,
      afterNewline: after === 'newline',
      beforeNewline: code === NEWLINE,
      afterWord: after === 'word',
      beforeWord: code !== undefined && isWord(code),
    };
    const chars: Extract<Step, { op: 'char' }>[] = [];
    const seen = new Set<number>();
    const open = [...at, this.#start];
    let found = false;
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const step = seen.has(index) ? undefined : this.#steps[index];
      seen.add(index);
      if (step?.op === 'char') chars.push(step);
      else if (step?.op === 'split') open.push(...step.next);
      else if (step?.op === 'place' && HOLDS[step.place](around)) open.push(step.next);
      else if (step?.op === 'match') found = true;
    }
    return { chars, found };
  }
}
