import { goJson, parseOwnJson } from '../../api/index.ts';
import { type AnyMessage, inFieldOrder } from '../../api/schema.ts';
import { isForPeople } from '../../runtime/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';

const ASKED_BY_TYPE = /;\s*pretty=1(?:[\s;,]|$)/;

/** Whether an answer is to be laid out for people to read. */
export function wantsPretty({ query, request, accept }: Exchange): boolean {
  return isForPeople(query?.get('pretty') ?? '', request.headers['user-agent']) || ASKED_BY_TYPE.test(accept ?? '');
}

/** JSON as it is, or laid out when that is wanted. @param message what it is an object of, where it is a struct in Go. */
export const readable = (exchange: Exchange, json: Buffer, message?: AnyMessage): Buffer =>
  wantsPretty(exchange) ? indented(message ? inOrder(json, message) : json) : json;

/** An object's JSON with its members in the order in which Go writes them. */
export const inOrder = (json: Buffer, message: AnyMessage): Buffer =>
  Buffer.from(`${goJson(inFieldOrder(message, parseOwnJson(json.toString())))}\n`);

/** A string, a sign of structure, or a number or word; what is between them is space. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * Lays JSON out as Go's `MarshalIndent` does: two spaces a level, nothing after the last brace. Works on the text, so that every number and
 * every escape stays as it is.
 */
export function indented(json: Buffer): Buffer {
  const parts: string[] = [];
  let indent = '\n';
  let before = '';
  for (const [token] of json.toString().matchAll(TOKEN)) {
    if (isClosing(token)) indent = indent.slice(0, -2);
    parts.push(startsLine(before, token) ? indent : '', token, token === ':' ? ' ' : '');
    if (isOpening(token)) indent += '  ';
    before = token;
  }
  return Buffer.from(parts.join(''));
}

/** What is empty stays on its line. */
function startsLine(before: string, token: string): boolean {
  if (isOpening(before) && isClosing(token)) return false;
  return before === ',' || isOpening(before) || isClosing(token);
}

const isOpening = (token: string): boolean => token === '{' || token === '[';
const isClosing = (token: string): boolean => token === '}' || token === ']';
