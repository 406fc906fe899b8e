import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_KINDS } from './kinds/served.ts';
import type { FieldType } from './schema/field.ts';
import type { AnyMessage } from './schema/message.ts';

// What `kubectl explain` and OpenAPI say of each type and field is written here, so none may be left blank.

test('every type and field of the API is described', async () => {
  const messages = await everyMessage();
  expect(messages.length).toBeGreaterThan(400);
  expect(messages.flatMap(blanks)).toEqual([]);
});

test('a description is a short sentence that ends with a full stop', async () => {
  const texts = new Set((await everyMessage()).flatMap((message) => [...described(message).values()]));
  expect([...texts].filter((text) => text !== '' && !/^[A-Za-z0-9"].{5,139}\.$/.test(text))).toEqual([]);
});

/** Every message that a module of `api/<group>/<version>/` exports, and every one that a served kind leads to. */
async function everyMessage(): Promise<readonly AnyMessage[]> {
  const found = new Map<string, AnyMessage>();
  for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })) {
    if (!/^[a-z]+\/v\d\/[^.]+\.ts$/.test(file)) continue;
    const exported: Record<string, unknown> = await import(`./${file}`);
    for (const value of Object.values(exported)) if (isMessage(value)) collect(value, found);
  }
  for (const { message } of ALL_KINDS) collect(message, found);
  return [...found.values()];
}

function collect(message: AnyMessage, found: Map<string, AnyMessage>): void {
  if (found.has(message.name)) return;
  found.set(message.name, message);
  for (const { type } of message.fields.values()) {
    const target = messageOf(type);
    if (target) collect(target, found);
  }
}

function messageOf(type: FieldType): AnyMessage | undefined {
  switch (type.kind) {
    case 'scalar':
      return undefined;
    case 'message':
      return type.message;
    case 'list':
      return messageOf(type.items);
    case 'map':
      return messageOf(type.values);
  }
}

/** The description of the message under its name, and those of its fields under `name#field`. */
function described(message: AnyMessage): ReadonlyMap<string, string> {
  const fields = [...message.fields].map(([field, { description }]) => [`${message.name}#${field}`, description] as const);
  return new Map([[message.name, message.description], ...fields]);
}

const blanks = (message: AnyMessage): readonly string[] => [...described(message)].flatMap(([name, text]) => (text === '' ? [name] : []));

const isMessage = (value: unknown): value is AnyMessage =>
  typeof value === 'object' && value !== null && 'name' in value && 'description' in value && 'fields' in value;
