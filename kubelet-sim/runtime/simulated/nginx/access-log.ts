import { hex, replaceUnprinted } from './ascii.ts';
import type { Exchange } from './exchange.ts';
import type { Scope } from './scope.ts';
import { compileTemplate, type Template } from './template.ts';
import { templateOf } from './templates.ts';
import { valueFor } from './variables.ts';

const NOWHERE = { file: '', line: 0 };
const COMBINED: Template = compileTemplate(
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
  NOWHERE,
);
/** Where requests are logged when nothing is said. */
const USUAL_PATH = '/var/log/nginx/access.log';

/** Writes the lines that a request leaves, to each log that it is to be in. */
export function logRequest(exchange: Exchange, write: (path: string, line: string) => void): void {
  const { scope, config } = exchange;
  if (exchange.isSubrequest) return;
  const logs = scope.all('access_log');
  const valueIn = (name: string) => valueFor(exchange, name);
  if (logs.length === 0) write(USUAL_PATH, `${lineOf(exchange, COMBINED, escapeDefault)}\n`);
  for (const directive of logs) {
    const [, format = 'combined', ...options] = directive.args;
    const path = templateOf(directive).fill(valueIn);
    if (path === 'off') continue;
    const condition = options.find((option) => option.startsWith('if='));
    const value = condition === undefined ? '1' : compileTemplate(condition.slice('if='.length), directive).fill(valueIn);
    if (value === '' || value === '0') continue;
    write(path, `${formatted(exchange, config.formats.get(format))}\n`);
  }
}

function formatted(exchange: Exchange, format: Scope['directives'][number] | undefined): string {
  if (!format) return lineOf(exchange, COMBINED, escapeDefault);
  const quote = format.args[1]?.startsWith('escape=') ? format.args[1].slice('escape='.length) : undefined;
  const first = quote === undefined ? 1 : 2;
  const kind: Escape = quote === 'json' ? escapeJson : quote === 'none' ? (value = '') => value : escapeDefault;
  return format.args
    .slice(first)
    .map((_, i) => lineOf(exchange, templateOf(format, first + i), kind))
    .join('');
}

type Escape = (value: string | undefined) => string;

const lineOf = (exchange: Exchange, template: Template, quote: Escape): string => template.fill((name) => quote(valueFor(exchange, name)));

/** What is not printed as it is, in hexadecimal; a dash for a variable that has no value. */
const escapeDefault: Escape = (value) => (value === undefined ? '-' : replaceUnprinted(value, '"\\', (_, code) => `\\x${hex(code)}`));

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '"': '\\"',
  '\\': '\\\\',
};

const escapeJson: Escape = (value = '') =>
  replaceUnprinted(value, '"\\', (char, code) => JSON_ESCAPES[char] ?? `\\u00${hex(code)}`, Number.POSITIVE_INFINITY);
