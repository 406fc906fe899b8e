// What browsers are told: which pages of other origins may talk to the server (CORS), and that they must use TLS (HSTS). Upstream:
// apiserver/pkg/server/filters/{cors,hsts}.go.
import { OptionError } from '../../runtime/index.ts';
import type { HttpRequest, HttpResponse } from '../http/messages.ts';

export interface BrowserRules {
  /** Whether pages of an origin may. */
  isAllowed(origin: string): boolean;
  /** The value of Strict-Transport-Security; `''` for none. */
  readonly transportSecurity: string;
}

const ALLOWED = {
  'Access-Control-Allow-Methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'Access-Control-Allow-Headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'Access-Control-Expose-Headers': 'Date',
  'Access-Control-Allow-Credentials': 'true',
};

/**
 * Tells a browser what it may do, in the headers of its answer.
 *
 * @returns whether that was all it asked: its request is answered.
 */
export function tellBrowser(rules: BrowserRules, request: HttpRequest, response: HttpResponse): boolean {
  if (rules.transportSecurity !== '') response.setHeader('Strict-Transport-Security', rules.transportSecurity);
  const { origin } = request.headers;
  if (typeof origin !== 'string' || origin === '' || !rules.isAllowed(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  for (const [name, value] of Object.entries(ALLOWED)) response.setHeader(name, value);
  return request.method === 'OPTIONS';
}

/**
 * The rules that `--cors-allowed-origins` and `--strict-transport-security-directives` make; undefined when there are none.
 *
 * @throws OptionError
 */
export function browserRules(origins: readonly string[], directives: readonly string[]): BrowserRules | undefined {
  for (const directive of directives) checkDirective(directive);
  const patterns = origins.map(compileOrigin);
  if (patterns.length === 0 && directives.length === 0) return undefined;
  return { isAllowed: (origin) => patterns.some((pattern) => pattern.test(origin)), transportSecurity: directives.join('; ') };
}

/**
 * A pattern must say where the name of the host begins and ends, so that `example.com` does not let in `example.com.elsewhere.org`. It is
 * the administrator's, so it is JavaScript's: Go's way of matching is loaded only where strangers write patterns.
 */
function compileOrigin(origin: string): RegExp {
  const option = `option --cors-allowed-origins takes regular expressions, not ${JSON.stringify(origin)}`;
  const isPinned = /\^|\/\//.test(origin) && /[$:]/.test(origin);
  if (!isPinned) throw new OptionError(`${option}, which does not say where the host begins and ends, as //example\\.com(:|$) does`);
  try {
    return new RegExp(origin);
  } catch (error) {
    if (error instanceof SyntaxError) throw new OptionError(`${option}: ${error.message}`);
    throw error;
  }
}

function checkDirective(directive: string): void {
  if (directive === 'includeSubDomains' || directive === 'preload' || /^max-age=[^=]*$/.test(directive)) return;
  throw new OptionError(
    `option --strict-transport-security-directives knows max-age=SECONDS, includeSubDomains and preload, not "${directive}"`,
  );
}
