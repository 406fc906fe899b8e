// Which field a protobuf number stands for. Where Go inlines a struct that protobuf nests, a number leads to further numbers.
import type { FieldType } from '../../schema/field.ts';
import type { AnyMessage } from '../../schema/message.ts';

/** A field at its number, or the fields of an inlined struct. What is a value in Go, not a pointer, is written when it is zero, too. */
export type Slot =
  | { readonly inlined: false; readonly number: number; readonly name: string; readonly type: FieldType; readonly isValue: boolean }
  | { readonly inlined: true; readonly number: number; readonly layout: Layout };

/** The slots of a message. */
export interface Layout {
  readonly byNumber: ReadonlyMap<number, Slot>;
  /** Highest number first, as they are written. */
  readonly descending: readonly Slot[];
}

const layouts = new WeakMap<AnyMessage, Layout>();

/** The layout of a message; made on first use. */
export function layoutOf(message: AnyMessage): Layout {
  let layout = layouts.get(message);
  if (!layout) {
    const entries = [...message.fields].flatMap(([name, { number, type, presence, nullable }]) =>
      number === undefined
        ? []
        : [{ path: typeof number === 'number' ? [number] : number, name, type, isValue: presence !== 'set' && !nullable }],
    );
    layout = build(entries);
    layouts.set(message, layout);
  }
  return layout;
}

interface Entry {
  readonly path: readonly number[];
  readonly name: string;
  readonly type: FieldType;
  readonly isValue: boolean;
}

function build(entries: readonly Entry[]): Layout {
  const groups = new Map<number, Entry[]>();
  for (const entry of entries) {
    const number = entry.path[0] ?? 0;
    groups.set(number, [...(groups.get(number) ?? []), entry]);
  }
  const slots = [...groups].map(([number, group]): Slot => {
    const [first] = group;
    if (first && first.path.length === 1) {
      const { name, type, isValue } = first;
      return { inlined: false, number, name, type, isValue };
    }
    return { inlined: true, number, layout: build(group.map((entry) => ({ ...entry, path: entry.path.slice(1) }))) };
  });
  return {
    byNumber: new Map(slots.map((slot) => [slot.number, slot])),
    descending: slots.sort((a, b) => b.number - a.number),
  };
}
