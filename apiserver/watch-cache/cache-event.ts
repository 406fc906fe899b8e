import type { Status } from '../../api/index.ts';
import type { Revision } from '../../store/index.ts';
import type { Entry } from './entry.ts';
import type { Selection } from './selection.ts';

/** What a watcher is told of a change. */
export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Writes watch frames in one representation. Equal ids write equal frames. */
export interface FrameWriter {
  readonly id: string;
  change(type: ChangeType, entry: Entry): Buffer;
  bookmark(revision: Revision, initialEventsEnd: boolean): Buffer;
  /** Tells why the watch ends. */
  error(status: Status): Buffer;
  /** Adds to a watcher's first chunk what it is told once, or ends the watch there; absent where frames are whole. */
  readonly first?: ((chunk: Buffer) => Buffer | undefined) | undefined;
}

/** One change of one object, as the cache went through it. */
export class CacheEvent {
  readonly revision: Revision;
  /** The new state; undefined when the object was deleted. */
  readonly entry: Entry | undefined;
  readonly previous: Entry | undefined;
  #gone: Entry | undefined;
  #frames: Map<string, Buffer> | undefined;

  constructor(revision: Revision, entry: Entry | undefined, previous: Entry | undefined) {
    this.revision = revision;
    this.entry = entry;
    this.previous = previous;
  }

  get sizeBytes(): number {
    return (this.entry ?? this.previous)?.sizeBytes ?? 0;
  }

  /** What a selection sees of this change: entering it is ADDED, leaving it is DELETED with the last state it saw. */
  typeFor(selection: Selection): ChangeType | undefined {
    const before = this.previous !== undefined && selection.matches(this.previous);
    if (this.entry !== undefined && selection.matches(this.entry)) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  /** The frame that tells of this change; made once for all watchers that take the same representation. */
  frame(type: ChangeType, writer: FrameWriter): Buffer {
    const id = type + writer.id;
    const known = this.#frames?.get(id);
    if (known) return known;
    const frame = writer.change(type, this.#state(type));
    this.#frames ??= new Map();
    this.#frames.set(id, frame);
    return frame;
  }

  /** Lets go of the frames: all present watchers have them. */
  forgetFrames(): void {
    this.#frames = undefined;
    this.#gone = undefined;
  }

  #state(type: ChangeType): Entry {
    const state = type === 'DELETED' ? this.#lastState() : this.entry;
    if (!state) throw new Error('a change without a state');
    return state;
  }

  #lastState(): Entry | undefined {
    this.#gone ??= this.previous?.at(this.revision);
    return this.#gone;
  }
}
