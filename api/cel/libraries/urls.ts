// URLs (apiserver, `pkg/cel/library/urls.go`).
import { ArrayList, EntryMap } from '../language/collections.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { costSize, traversal } from '../language/runtime-cost.ts';
import { BOOL, listOf, mapOf, STRING, struct } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque } from '../language/values.ts';
import { escapedPath, type GoUrl, hostName, parseRequestUri, parseUrl, port, queryValues, UrlError } from './go-url.ts';

export const URL_TYPE = struct('kubernetes.URL');

class UrlValue extends Opaque {
  override readonly type = URL_TYPE;
  readonly url: GoUrl;

  constructor(url: GoUrl) {
    super();
    this.url = url;
  }

  override equals(other: CelValue): boolean {
    return other instanceof UrlValue && this.url.text === other.url.text;
  }
}

/** Runs what throws UrlError; nothing if it did. */
function attempt<T>(run: () => T, failed: (error: UrlError) => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof UrlError) return failed(error);
    throw error;
  }
}

function toUrl(text: CelValue = null): Result {
  if (typeof text !== 'string') return noSuchOverload();
  const read = (): Result => {
    parseRequestUri(text);
    return new UrlValue(parseUrl(text));
  };
  return attempt(read, ({ message }) => new CelError(`URL parse error during conversion from string: ${message}`));
}

function isUrl(text: CelValue = null): Result {
  if (typeof text !== 'string') return noSuchOverload();
  return attempt(
    () => parseRequestUri(text) !== undefined,
    () => false,
  );
}

/** What is wrong with a text that should be a URI. */
export const uriErrors = (text: string): string[] =>
  attempt(
    () => (parseRequestUri(text) ? [] : []),
    ({ message }) => [message],
  );

const on =
  (get: (url: GoUrl) => Result): Implementation =>
  (value) =>
    value instanceof UrlValue ? get(value.url) : noSuchOverload();

const query = (url: GoUrl): Result => EntryMap.of([...queryValues(url)].map(([key, values]) => [key, new ArrayList(values)] as const));

const getter = (name: string, id: string, get: (url: GoUrl) => Result): FunctionDeclaration => ({
  ...define(name, method(id, signature([URL_TYPE], STRING), on(get))),
  cost: () => 1,
});

export const URL_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...define('url', overload('string_to_url', signature([STRING], URL_TYPE), toUrl)),
    cost: (args) => traversal(costSize(args[0] ?? null)),
  },
  getter('getScheme', 'url_get_scheme', ({ scheme }) => scheme),
  getter('getHost', 'url_get_host', ({ host }) => host),
  getter('getHostname', 'url_get_hostname', hostName),
  getter('getPort', 'url_get_port', port),
  getter('getEscapedPath', 'url_get_escaped_path', escapedPath),
  {
    ...define('getQuery', method('url_get_query', signature([URL_TYPE], mapOf(STRING, listOf(STRING))), on(query))),
    cost: () => 1,
  },
  define('isURL', overload('is_url_string', signature([STRING], BOOL), isUrl)),
];
