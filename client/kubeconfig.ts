import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { UserError } from '../runtime/index.ts';
import type { ClientConfig } from './types.ts';

/** A part of the file: an object of which nothing is known yet. */
type Section = Readonly<Record<string, unknown>>;

/** Ways to log in that need another program or service. */
const FOREIGN_LOGINS = ['exec', 'auth-provider', 'username', 'impersonate', 'as'] as const;

/**
 * Reads a kubeconfig file, YAML or JSON.
 *
 * @param path the file; files it names are relative to it.
 * @param options `context` other than the current one; `withPath` for a server that is no API server: its URL may have a path, which is kept.
 * @throws UserError saying in one line what is wrong with the file.
 */
export function loadKubeconfig(
  path: string,
  options: { readonly context?: string | undefined; readonly withPath?: boolean | undefined } = {},
): ClientConfig {
  const file = new File(path);
  const root = file.section(parse(path, readText(path, 'kubeconfig')), 'the file');
  const name = options.context ?? file.text(root, 'current-context');
  if (name === undefined || name === '') throw file.error('current-context is not set');
  const context = file.entry(root, { list: 'contexts', name, field: 'context' });
  const cluster = file.entry(root, { list: 'clusters', name: file.text(context, 'cluster') ?? '', field: 'cluster' });
  const userName = file.text(context, 'user');
  const user = userName === undefined || userName === '' ? {} : file.entry(root, { list: 'users', name: userName, field: 'user' });
  return compact({
    server: serverOf(file, cluster, options.withPath ?? false),
    ca: file.pem(cluster, 'certificate-authority'),
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true ? true : undefined,
    tlsServerName: file.text(cluster, 'tls-server-name'),
    ...credentialsOf(file, user, userName ?? ''),
    namespace: file.text(context, 'namespace'),
  });
}

/** How a client shows who it is. */
export type ClientCredentials = Pick<ClientConfig, 'cert' | 'key' | 'token'>;

/**
 * Reads the users of a kubeconfig file, by name: for files that say how to log in to many servers, without contexts.
 *
 * @throws UserError saying in one line what is wrong with the file.
 */
export function loadKubeconfigUsers(path: string): ReadonlyMap<string, ClientCredentials> {
  const file = new File(path);
  const root = file.section(parse(path, readText(path, 'kubeconfig')), 'the file');
  const users: unknown[] = Array.isArray(root.users) ? root.users : [];
  return new Map(
    users.map((item): [string, ClientCredentials] => {
      const entry = file.section(item, 'a user');
      const name = file.text(entry, 'name') ?? '';
      return [name, compact(credentialsOf(file, file.section(entry.user ?? {}, `user "${name}"`), name))];
    }),
  );
}

function credentialsOf(file: File, user: Section, name: string): ClientCredentials {
  const foreign = FOREIGN_LOGINS.find((field) => user[field] !== undefined);
  if (foreign !== undefined) throw file.error(`user "${name}" logs in by ${foreign}, which is not supported; use a certificate or a token`);
  return { cert: file.pem(user, 'client-certificate'), key: file.pem(user, 'client-key'), token: tokenOf(file, user) };
}

function serverOf(file: File, cluster: Section, withPath: boolean): string {
  const text = file.text(cluster, 'server');
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw file.error(`server "${text ?? ''}" is not a URL such as https://127.0.0.1:6443`);
  if (withPath) return url.href;
  if (url.pathname !== '/' || url.search !== '') throw file.error(`server "${text}" has a path, which is not supported`);
  return url.origin;
}

function tokenOf(file: File, user: Section): string | undefined {
  const token = file.text(user, 'token');
  const path = file.text(user, 'tokenFile');
  if (token !== undefined || path === undefined) return token;
  return readText(file.resolve(path), 'token file').trim();
}

/** What reads the parts of one file and words what is wrong with it. */
class File {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  error(what: string): UserError {
    return new UserError(`kubeconfig ${this.#path}: ${what}`);
  }

  resolve(path: string): string {
    return resolve(dirname(this.#path), path);
  }

  section(value: unknown, name: string): Section {
    if (isSection(value)) return value;
    throw this.error(`${name} is not a map of fields`);
  }

  text(section: Section, field: string): string | undefined {
    const value = section[field];
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    throw this.error(`${field} is not text`);
  }

  /** The named entry of one of the file's lists: `- name: NAME` with the content in `field`. */
  entry(root: Section, { list, name, field }: { readonly list: string; readonly name: string; readonly field: string }): Section {
    const entries: unknown = root[list];
    const found: unknown = Array.isArray(entries) ? entries.find((item: unknown) => isSection(item) && item.name === name) : undefined;
    if (!isSection(found)) throw this.error(`${list} has no "${name}"`);
    return this.section(found[field] ?? {}, `${field} "${name}"`);
  }

  /** A PEM text: from `field-data` (base64) or else from the file that `field` names. */
  pem(section: Section, field: string): string | undefined {
    const data = this.text(section, `${field}-data`);
    const path = this.text(section, field);
    if (data !== undefined && data !== '') return this.#checked(Buffer.from(data, 'base64').toString(), `${field}-data`);
    if (path === undefined || path === '') return undefined;
    return this.#checked(readText(this.resolve(path), field), field);
  }

  #checked(pem: string, field: string): string {
    if (!pem.includes('-----BEGIN ')) throw this.error(`${field} is not PEM`);
    return pem;
  }
}

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without the fields that are undefined. */
function compact<T extends object>(config: T): T {
  const copy = { ...config };
  for (const key in copy) if (copy[key] === undefined) delete copy[key];
  return copy;
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const why = code === 'ENOENT' ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`cannot read ${what} ${path}: ${why}`, { cause });
  }
}

/** The YAML parser is loaded only for a file that is not JSON: it takes 25 ms. */
function parse(path: string, text: string): unknown {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text);
    const yaml: typeof import('yaml') = createRequire(import.meta.url)('yaml');
    return yaml.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new UserError(`kubeconfig ${path} is neither YAML nor JSON: ${why}`, { cause });
  }
}
