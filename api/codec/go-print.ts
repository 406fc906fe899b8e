// What Go prints of a struct: upstream names ReplicaSets and orders ports by hashes of such texts.
import { parseQuantity } from '../quantity.ts';
import type { FieldInfo, FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { embeddedStructOf, goFieldName } from './go-field-names.ts';
import { elementTypeOf, goFieldType, structTypeOf } from './go-types.ts';

const NIL = '<nil>';
/** Seconds from the year 1, where Go's times begin, to 1970. */
const UNIX_TO_GO_SECONDS = 62_135_596_800;

/** A field of a Go struct, or a struct that is embedded in it. */
type Member = { readonly name: string; readonly type: string } & (
  | { readonly key: string; readonly of: FieldType; readonly pointer: boolean }
  | { readonly members: readonly Member[] }
);

const membersByMessage = new WeakMap<AnyMessage, readonly Member[]>();

/**
 * A struct as go-spew prints it for `%#v`, with sorted keys and without addresses: `(v1.EndpointPort){Name:(*string)http …}`.
 * Upstream: `ForHash` of apimachinery's `pkg/util/dump`, over what came in as protobuf: there is no empty list or map, and of
 * the zone of a time, which is the machine's, nothing is told.
 *
 * @param value in normal form.
 */
export const goPrint = (message: AnyMessage, value: object): string => `(${structTypeOf(message)})${structText(message, value)}`;

const structText = (message: AnyMessage, value: object): string => membersText(membersOf(message), value as Record<string, unknown>);

function membersText(members: readonly Member[], value: Record<string, unknown>): string {
  let text = '{';
  for (const member of members) {
    if (text !== '{') text += ' ';
    text += `${member.name}:(${member.type})`;
    text += 'members' in member ? membersText(member.members, value) : fieldText(member, value[member.key]);
  }
  return `${text}}`;
}

function fieldText({ of, type, pointer }: Extract<Member, { key: string }>, value: unknown): string {
  if (value !== undefined && value !== null) return valueText(of, type, value);
  return pointer ? NIL : zeroText(of);
}

function valueText(of: FieldType, type: string, value: unknown): string {
  switch (of.kind) {
    case 'message':
      return structText(of.message, value as object);
    case 'list':
      return listText(of.items, elementTypeOf(type, of.items), value as readonly unknown[]);
    case 'map':
      return mapText(of.values, elementTypeOf(type, of.values), value as Record<string, unknown>);
    case 'scalar':
      return SCALARS[of.scalar]?.(value) ?? String(value);
  }
}

function listText(items: FieldType, type: string, list: readonly unknown[]): string {
  return list.length === 0 ? NIL : `[${list.map((item) => valueText(items, type, item)).join(' ')}]`;
}

function mapText(values: FieldType, type: string, map: Record<string, unknown>): string {
  const keys = Object.keys(map);
  if (keys.length === 0) return NIL;
  // Go compares texts byte by byte, which is another order than JavaScript's beyond the first 65,536 characters.
  keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `map[${keys.map((key) => `${key}:${valueText(values, type, map[key])}`).join(' ')}]`;
}

/** What is printed of a field that is not there and is no pointer. */
function zeroText(of: FieldType): string {
  if (of.kind === 'message') return structText(of.message, {});
  return of.kind === 'scalar' ? ZEROS[of.scalar] : NIL;
}

/** Scalars that are structs in Go. */
const SCALARS: Partial<Record<ScalarType, (value: unknown) => string>> = {
  quantity: (value) => parseQuantity(String(value)).goPrint(),
  intOrString: (value) => intOrStringText(value as number | string),
  time: (value) => timeText(Date.parse(String(value)) / 1000 + UNIX_TO_GO_SECONDS),
  fieldsV1: (value) => `{Raw:([]uint8)[${[...Buffer.from(JSON.stringify(value))].join(' ')}]}`,
};

const intOrStringText = (value: number | string): string =>
  typeof value === 'number'
    ? `{Type:(intstr.Type)0 IntVal:(int32)${value} StrVal:(string)}`
    : `{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`;

const timeText = (seconds: number): string => `{Time:(time.Time){wall:(uint64)0 ext:(int64)${seconds} loc:(*time.Location)${NIL}}}`;

const ZEROS: Readonly<Record<ScalarType, string>> = {
  string: '',
  int32: '0',
  int64: '0',
  double: '0',
  bool: 'false',
  bytes: NIL,
  quantity: parseQuantity('0').goPrint(),
  intOrString: intOrStringText(0),
  time: timeText(0),
  microTime: timeText(0),
  duration: '{Duration:(time.Duration)0}',
  rawExtension: `{Raw:([]uint8)${NIL} Object:(runtime.Object)${NIL}}`,
  fieldsV1: `{Raw:([]uint8)${NIL}}`,
  json: `{Raw:([]uint8)${NIL}}`,
};

function membersOf(message: AnyMessage): readonly Member[] {
  const known = membersByMessage.get(message);
  if (known) return known;
  const members: Member[] = [];
  const embedded: Member[] = [];
  for (const [key, info] of message.fields) {
    // Protobuf nests what Go embeds.
    const isEmbedded = typeof info.number === 'object';
    if (isEmbedded && embedded.length === 0) {
      const name = embeddedStructOf(message);
      members.push({ name, type: `v1.${name}`, members: embedded });
    }
    (isEmbedded ? embedded : members).push(memberOf(message, key, info));
  }
  membersByMessage.set(message, members);
  return members;
}

function memberOf(message: AnyMessage, key: string, { type, presence, nullable }: FieldInfo): Member {
  const pointer = nullable || (presence === 'set' && (type.kind === 'scalar' || type.kind === 'message'));
  return { name: goFieldName(message, key), type: `${pointer ? '*' : ''}${goFieldType(message, key, type)}`, key, of: type, pointer };
}
