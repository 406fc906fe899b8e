import type { FieldInfo, FieldType } from './field.ts';
import type { AnyMessage, Field, Message } from './message.ts';

/** How another version differs from the one at hand. */
export interface VersionChanges {
  /** What the names of the version's messages begin with, here and there: `io.k8s.api.batch.v1.`. */
  readonly from: string;
  readonly to: string;
  /** The messages that the other version has of its own; all whose name begins as `from` unless given. */
  readonly only?: readonly string[] | undefined;
  /** Fields of messages that are others there, by the message's short name; undefined for those that are not there. */
  readonly fields?: Readonly<Record<string, Readonly<Record<string, Field | undefined>>>> | undefined;
}

/**
 * The message of another version of a kind, made of the one at hand: its messages with names of their own, and the same fields but for what
 * is said to differ. Upstream declares the structs of every version in full.
 */
export function otherVersion<T>(root: AnyMessage, changes: VersionChanges): Message<T> {
  return new OtherVersion(changes).message(root) as Message<T>;
}

class OtherVersion {
  readonly #changes: VersionChanges;
  readonly #made = new Map<AnyMessage, AnyMessage>();

  constructor(changes: VersionChanges) {
    this.#changes = changes;
  }

  message(here: AnyMessage): AnyMessage {
    const { from, to, only } = this.#changes;
    if (!here.name.startsWith(from)) return here;
    const short = here.name.slice(from.length);
    if (only && !only.includes(short)) return here;
    const made = this.#made.get(here) ?? this.#make(here, to, short);
    this.#made.set(here, made);
    return made;
  }

  #make(here: AnyMessage, to: string, short: string): AnyMessage {
    let fields: ReadonlyMap<string, FieldInfo> | undefined;
    const build = () => this.#fields(here.fields, this.#changes.fields?.[short] ?? {});
    return {
      name: to + short,
      description: here.description,
      mapType: here.mapType,
      discriminator: here.discriminator,
      get fields() {
        fields ??= build();
        return fields;
      },
    };
  }

  #fields(here: ReadonlyMap<string, FieldInfo>, changed: Readonly<Record<string, Field | undefined>>): ReadonlyMap<string, FieldInfo> {
    const kept = [...here].filter(([name]) => !(name in changed));
    const others = Object.entries(changed).flatMap(([name, field]) => (field ? [[name, field.info] as const] : []));
    return new Map([...kept, ...others].map(([name, info]) => [name, { ...info, type: this.#type(info.type) }]));
  }

  #type(type: FieldType): FieldType {
    switch (type.kind) {
      case 'scalar':
        return type;
      case 'message':
        return { kind: 'message', message: this.message(type.message) };
      case 'list':
        return { kind: 'list', items: this.#type(type.items) };
      case 'map':
        return { kind: 'map', values: this.#type(type.values) };
    }
  }
}
