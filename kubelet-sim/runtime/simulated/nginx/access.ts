import { FileError } from '../files/tree.ts';
import { inRange, parseRange } from './addresses.ts';
import type { Exchange } from './exchange.ts';
import { configPath } from './parser.ts';
import { isPassword } from './passwords.ts';
import type { Scope } from './scope.ts';
import { readServed } from './served-paths.ts';
import { templateOf } from './templates.ts';
import { valueFor } from './variables.ts';

/** Why somebody is not let in: a status, and what the answer says beside it. */
export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** Asks another location whether a request may be answered (`auth_request`): its status. */
export type AskLocation = (exchange: Exchange, uri: string) => Promise<{ readonly status: number; readonly headers: Refusal['headers'] }>;

/** Whether a request is let in: by its address, its password, or by another location. With `satisfy any` one of these will do. */
export async function checkAccess(exchange: Exchange, ask: AskLocation): Promise<Refusal | undefined> {
  restrictMethods(exchange);
  const { scope } = exchange;
  const isAny = scope.text('satisfy') === 'any';
  let refusal: Refusal | undefined;
  for (const check of [byAddress, byPassword, (one: Exchange) => byRequest(one, ask)]) {
    const found = await check(exchange);
    if (found === undefined) continue;
    if (isAny && found === 'let in') return undefined;
    if (found === 'let in') continue;
    if (!isAny) return found;
    refusal = refusal === undefined || found.status === 401 ? found : refusal;
  }
  if (refusal?.status === 403) exchange.log('error', 'access forbidden by rule');
  return refusal;
}

/** What is not one of the methods of a `limit_except` is held to what that says. */
function restrictMethods(exchange: Exchange): void {
  for (const { args, block } of exchange.scope.own('limit_except')) {
    const methods = args.includes('GET') ? [...args, 'HEAD'] : args;
    if (block && !methods.includes(exchange.method)) exchange.scope = block;
  }
}

type Found = Refusal | 'let in' | undefined;

function byAddress(exchange: Exchange): Found {
  const rules = exchange.scope.all('allow', 'deny');
  const { address } = exchange.connection;
  for (const { name, args } of rules) {
    const [text = ''] = args;
    const range = text === 'all' ? undefined : parseRange(text);
    if (text !== 'all' && !(range && inRange(address, range))) continue;
    if (name === 'allow') return 'let in';
    if (exchange.scope.text('satisfy') !== 'any') exchange.log('error', 'access forbidden by rule');
    return { status: 403, headers: [] };
  }
  return undefined;
}

async function byPassword(exchange: Exchange): Promise<Found> {
  const { scope } = exchange;
  const realmDirective = scope.find('auth_basic');
  const file = scope.find('auth_basic_user_file');
  if (!realmDirective || !file) return undefined;
  const valueIn = (name: string) => valueFor(exchange, name);
  const realm = templateOf(realmDirective).fill(valueIn);
  if (realm === 'off') return undefined;
  const [, credentials] = /^basic +(\S+)$/i.exec(exchange.headers.get('authorization') ?? '') ?? [];
  const refused: Refusal = { status: 401, headers: [['WWW-Authenticate', `Basic realm="${realm}"`]] };
  if (credentials === undefined) {
    exchange.log('info', 'no user/password was provided for basic authentication');
    return refused;
  }
  const [, user = '', password = ''] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(credentials, 'base64').toString('latin1')) ?? [];
  exchange.user = user;
  const path = configPath(templateOf(file).fill(valueIn));
  const entry = await entryOf(exchange, path, user).catch((error: unknown) => {
    if (error instanceof FileError) return error;
    throw error;
  });
  if (entry instanceof FileError) {
    const isAbsent = entry.code === 'ENOENT';
    exchange.log(isAbsent ? 'error' : 'crit', `open() "${path}" failed (${entry.number}: ${entry.reason})`);
    return { status: isAbsent ? 403 : 500, headers: [] };
  }
  if (entry === undefined) {
    exchange.log('error', `user "${user}" was not found in "${path}"`);
    return refused;
  }
  if (isPassword(password, entry)) return 'let in';
  exchange.log('error', `user "${user}": password mismatch`);
  return refused;
}

/** What a password file has for a user. @throws FileError when it cannot be read */
async function entryOf({ process }: Exchange, path: string, user: string): Promise<string | undefined> {
  const text = await readServed(process, path);
  for (const line of text.split(/\r?\n/)) {
    const [name, entry] = line.split(':');
    if (!line.startsWith('#') && name === user) return entry;
  }
  return undefined;
}

async function byRequest(exchange: Exchange, ask: AskLocation): Promise<Found> {
  const uri = exchange.scope.text('auth_request');
  if (uri === undefined || uri === 'off' || exchange.isSubrequest) return undefined;
  const { status, headers } = await ask(exchange, uri);
  if (status >= 200 && status < 300) return 'let in';
  if (status === 401) return { status, headers: headers.filter(([name]) => name.toLowerCase() === 'www-authenticate') };
  if (status === 403) return { status, headers: [] };
  exchange.log('error', `auth request unexpected status: ${status}`);
  return { status: 500, headers: [] };
}

/** Whether a block has a handler of its own; in an `if` or `limit_except`, that of the location around it. */
export function handlerOf(scope: Scope, name: string): ReturnType<Scope['own']>[number] | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found = at.own(name).at(-1);
    if (found) return found;
    if (at.context !== 'L' && at.context !== 'x') return undefined;
  }
  return undefined;
}
