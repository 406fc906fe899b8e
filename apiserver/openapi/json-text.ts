import type { JsonNode, JsonObject } from './json-node.ts';
import type { Steps } from './steps.ts';

/** A document as `JSON.stringify` writes it, each entry of its own fields a step. */
export function* jsonText(document: JsonObject): Steps<string> {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue;
    parts.push(parts.length === 0 ? '{' : ',', JSON.stringify(name), ':');
    if (!isObject(value)) {
      parts.push(JSON.stringify(value));
      continue;
    }
    const entries: string[] = [];
    for (const [key, entry] of Object.entries(value)) {
      if (entry !== undefined) entries.push(`${JSON.stringify(key)}:${JSON.stringify(entry)}`);
      yield;
    }
    parts.push(`{${entries.join(',')}}`);
  }
  return `${parts.length === 0 ? '{' : ''}${parts.join('')}}`;
}

const isObject = (node: JsonNode): node is JsonObject => typeof node === 'object' && node !== null && !Array.isArray(node);
