import { type KindInfo, type KubeObject, parseOwnJson } from '../../api/index.ts';
import type { SharedTexts } from '../../runtime/index.ts';
import type { StoredForm } from '../registry/stored-form.ts';
import type { WireForm } from '../registry/wire-form.ts';

/** What selectors need of an object. */
export interface Facts {
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Values of the kind's own selectable fields, in the order of {@link Schema.fields}. */
  readonly fields: readonly string[];
}

/** How a kind's entries are read: its layout, and its selectable fields beyond metadata.name and metadata.namespace. */
export interface Schema {
  readonly info: Pick<KindInfo, 'group' | 'resource'>;
  readonly wire: WireForm;
  readonly form: StoredForm;
  readonly prefix: string;
  readonly namespaced: boolean;
  readonly fields: readonly { readonly name: string; valueOf(object: KubeObject): string }[];
  /** What makes equal values of fields one text: most say the same as many others. */
  readonly texts: SharedTexts;
}

/** Reads off an object what selectors need. */
export const factsOf = (schema: Schema, object: KubeObject): Facts => ({
  labels: object.metadata.labels,
  fields: schema.fields.map((field) => schema.texts.share(field.valueOf(object))),
});

/**
 * What an entry is made of: bytes that are served, or what is brought into form when somebody first looks at it: bytes of the store, or the
 * same state in the version that is stored.
 */
export interface EntryBytes {
  readonly served?: Buffer | undefined;
  readonly stored?: Buffer | Entry | undefined;
}

const NOTHING = Buffer.alloc(0);

/** One state of one object: its served bytes and what selectors need. Immutable; what has to be parsed for is found on first use. */
export class Entry {
  readonly key: string;
  readonly revision: number;
  readonly #schema: Schema;
  /** What is to be brought into form before it is served. */
  #stored: Buffer | Entry | undefined;
  #bytes: Buffer | undefined;
  #facts: Facts | undefined;
  #object: KubeObject | undefined;

  constructor(schema: Schema, at: { readonly key: string; readonly revision: number }, bytes: EntryBytes, facts?: Facts) {
    this.#schema = schema;
    this.key = at.key;
    this.revision = at.revision;
    this.#bytes = bytes.served;
    this.#stored = bytes.stored;
    this.#facts = facts;
  }

  /** `''` for objects that are in none. Read off the key, as the name is: a string of its own for each of a million would take its room. */
  get namespace(): string {
    return this.#schema.namespaced ? this.key.slice(this.#schema.prefix.length, this.#slash) : '';
  }

  get name(): string {
    return this.key.slice(this.#slash + 1);
  }

  /** Where the slash before the name is. */
  get #slash(): number {
    return this.#schema.namespaced ? this.key.indexOf('/', this.#schema.prefix.length) : this.#schema.prefix.length - 1;
  }

  /** The object as it is answered, with a newline at its end. */
  get bytes(): Buffer {
    if (!this.#bytes) {
      const { form, wire } = this.#schema;
      const value = this.#stored instanceof Entry ? this.#stored.bytes : (this.#stored ?? NOTHING);
      this.#bytes = wire.serve(form.isEncoded(value) ? value : form.read({ key: this.key, value }), this.revision);
      this.#stored = undefined;
    }
    return this.#bytes;
  }

  /** The bytes of the store, as long as nobody has looked at the object. */
  get unread(): Buffer | undefined {
    return this.#bytes || this.#stored instanceof Entry ? undefined : this.#stored;
  }

  get sizeBytes(): number {
    const held = this.#bytes ?? this.#stored ?? NOTHING;
    return held instanceof Entry ? held.sizeBytes : held.length;
  }

  get labels(): Facts['labels'] {
    return this.facts.labels;
  }

  get facts(): Facts {
    this.#facts ??= factsOf(this.#schema, this.#object ?? this.parse());
    return this.#facts;
  }

  /** The value of a selectable field: 0 is metadata.name, 1 metadata.namespace, then the kind's own. */
  field(index: number): string {
    return index === 0 ? this.name : index === 1 ? this.namespace : (this.facts.fields[index - 2] ?? '');
  }

  /** A new copy of the object, which the caller may change. */
  parse(): KubeObject {
    return parseOwnJson(this.bytes.toString()) as KubeObject; // our own encoding: nothing else is in the cache
  }

  /** The object, parsed once and shared: not to be changed. */
  get object(): KubeObject {
    this.#object ??= this.parse();
    return this.#object;
  }

  /** Whether the object has been parsed and is kept. */
  get isParsed(): boolean {
    return this.#object !== undefined;
  }

  /** The same state under another revision: how a deleted object is shown. */
  at(revision: number): Entry {
    const bytes = this.#schema.wire.withRevision(this.bytes, this.revision, revision);
    return new Entry(this.#schema, { key: this.key, revision }, { served: bytes }, this.#facts);
  }
}
