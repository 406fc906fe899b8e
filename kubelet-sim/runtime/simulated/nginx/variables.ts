import type { Exchange } from './exchange.ts';
import { localTime } from './logs.ts';

type Getter = (exchange: Exchange) => string | undefined;

/** Variables whose names begin so stand for many. */
const PREFIXES: readonly (readonly [string, (exchange: Exchange, rest: string) => string | undefined])[] = [
  ['http_', ({ headers }, rest) => headers.get(rest.replaceAll('_', '-'))],
  ['sent_http_', ({ sentHeaders }, rest) => headerOf(sentHeaders, rest)],
  ['upstream_http_', ({ upstreamHeaders }, rest) => upstreamHeaders.get(rest.replaceAll('_', '-'))],
  ['cookie_', ({ headers }, rest) => cookieOf(headers.get('cookie') ?? '', rest)],
  ['arg_', ({ args }, rest) => argumentOf(args, rest)],
];

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const eachTry = ({ tries }: Exchange, text: (one: Exchange['tries'][number]) => string): string | undefined =>
  tries.length === 0 ? undefined : tries.map(text).join(', ');

const ofProxy: Readonly<Record<string, Getter>> = {
  proxy_add_x_forwarded_for: ({ headers, connection }) =>
    [...(headers.has('x-forwarded-for') ? [headers.get('x-forwarded-for')] : []), connection.address].join(', '),
  proxy_host: ({ variables }) => variables.get('proxy_host'),
  proxy_port: ({ variables }) => variables.get('proxy_port'),
  upstream_addr: (exchange) => eachTry(exchange, ({ address }) => address),
  upstream_cache_status: () => undefined,
  upstream_bytes_received: (exchange) => eachTry(exchange, ({ bytes }) => String(bytes)),
  upstream_connect_time: (exchange) => eachTry(exchange, () => '0.000'),
  upstream_header_time: (exchange) => eachTry(exchange, ({ ms }) => seconds(ms)),
  upstream_response_length: (exchange) => eachTry(exchange, ({ bytes }) => String(bytes)),
  upstream_response_time: (exchange) => eachTry(exchange, ({ ms }) => seconds(ms)),
  upstream_status: (exchange) => eachTry(exchange, ({ status }) => String(status)),
};

const FROM_CERTIFICATE =
  'client_cert client_escaped_cert client_fingerprint client_i_dn client_raw_cert client_s_dn client_serial early_data session_id';

const ofTls: Readonly<Record<string, Getter>> = {
  ssl_protocol: ({ connection }) => (connection.isSecure ? 'TLSv1.3' : undefined),
  ssl_cipher: ({ connection }) => (connection.isSecure ? 'TLS_AES_256_GCM_SHA384' : undefined),
  ssl_server_name: ({ connection, host }) => (connection.isSecure ? host : undefined),
  ssl_session_reused: ({ connection }) => (connection.isSecure ? '.' : undefined),
  ssl_client_verify: ({ connection }) => (connection.isSecure ? 'NONE' : undefined),
  ...Object.fromEntries(FROM_CERTIFICATE.split(' ').map((name) => [`ssl_${name}`, () => undefined])),
};

const BUILT_IN: Readonly<Record<string, Getter>> = {
  ...ofProxy,
  ...ofTls,
  args: ({ args }) => args || undefined,
  ancient_browser: () => undefined,
  binary_remote_addr: ({ connection }) => connection.address,
  body_bytes_sent: ({ bodyBytesSent }) => String(bodyBytesSent),
  bytes_sent: ({ bytesSent }) => String(bytesSent),
  connection: ({ connection }) => String(connection.number),
  connection_requests: ({ connection }) => String(connection.requests),
  connection_time: (exchange) => seconds(elapsed(exchange)),
  connections_active: () => '1',
  connections_reading: () => '0',
  connections_waiting: () => '0',
  connections_writing: () => '1',
  content_length: ({ headers }) => headers.get('content-length'),
  content_type: ({ headers }) => headers.get('content-type'),
  date_gmt: ({ process }) => new Date(process.clock.now()).toUTCString(),
  date_local: ({ process }) => new Date(process.clock.now()).toUTCString(),
  document_root: (exchange) => rootOf(exchange),
  document_uri: ({ uri }) => uri,
  gzip_ratio: () => undefined,
  host: ({ host }) => host,
  hostname: ({ process }) => process.hostname,
  http2: () => '',
  https: ({ connection }) => (connection.isSecure ? 'on' : ''),
  invalid_referer: () => '',
  is_args: ({ args }) => (args === '' ? '' : '?'),
  limit_rate: () => '0',
  limit_req_status: () => undefined,
  msec: ({ process }) => seconds(process.clock.now()),
  nginx_version: ({ config }) => config.version,
  pid: ({ process }) => String(process.pid),
  pipe: () => '.',
  query_string: ({ args }) => args || undefined,
  realip_remote_addr: ({ connection }) => connection.address,
  realip_remote_port: ({ connection }) => String(connection.port),
  realpath_root: (exchange) => rootOf(exchange),
  remote_addr: ({ connection }) => connection.address,
  remote_port: ({ connection }) => String(connection.port),
  remote_user: ({ user }) => user || undefined,
  request: ({ request }) => request.line,
  request_body: ({ request }) => request.body || undefined,
  request_completion: () => 'OK',
  request_filename: (exchange) => `${rootOf(exchange)}${exchange.uri}`,
  request_id: ({ connection, startedAt, process }) =>
    requestId(`${startedAt}/${connection.number}/${connection.requests}/${process.hostname}`),
  request_length: ({ request }) => String(requestLength(request)),
  request_method: ({ request }) => request.method,
  request_time: (exchange) => seconds(elapsed(exchange)),
  request_uri: ({ request }) => request.target,
  scheme: ({ connection }) => (connection.isSecure ? 'https' : 'http'),
  server_addr: ({ process }) => process.ip,
  server_name: ({ server }) => server.names[0] ?? '',
  server_port: ({ connection }) => String(connection.endpoint.port),
  server_protocol: ({ request }) => request.protocol,
  status: ({ status }) => String(status).padStart(3, '0'),
  time_iso8601: ({ process }) => `${new Date(process.clock.now()).toISOString().slice(0, 19)}+00:00`,
  time_local: ({ process }) => localTime(process.clock.now()),
  uri: ({ uri }) => uri,
};

/** Whether nginx has a variable of itself. */
export const isBuiltIn = (name: string): boolean =>
  Object.hasOwn(BUILT_IN, name) || /^\d$/.test(name) || PREFIXES.some(([prefix]) => name.startsWith(prefix) && name.length > prefix.length);

/** The value of a variable for a request. */
export function valueFor(exchange: Exchange, name: string): string | undefined {
  const own = exchange.variables.get(name);
  if (own !== undefined) return own;
  if (Object.hasOwn(BUILT_IN, name)) return BUILT_IN[name]?.(exchange);
  const derived = exchange.config.maps.get(name);
  if (derived) return derived.value((other) => valueFor(exchange, other));
  const group = exchange.groups.get(name);
  if (group !== undefined) return group;
  const many = PREFIXES.find(([prefix]) => name.startsWith(prefix));
  return many?.[1](exchange, name.slice(many[0].length));
}

const elapsed = ({ process, startedTicks }: Exchange): number => Math.max(0, Math.round(process.clock.monotonic() - startedTicks));

const requestLength = ({ method, target, headers, body }: Exchange['request']): number =>
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, `${method} ${target} HTTP/1.1`.length + 4) +
  body.length;

/** Thirty-two hexadecimal digits that differ between requests. */
function requestId(seed: string): string {
  let text = '';
  for (let part = 0; part < 4; part++) {
    let hash = 0x811c9dc5 ^ part;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    text += (hash >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}

function rootOf(exchange: Exchange): string {
  return exchange.realRoot || (exchange.scope.text('root') ?? `${exchange.config.prefix}/html`);
}

function headerOf(headers: Exchange['sentHeaders'], rest: string): string | undefined {
  const wanted = rest.replaceAll('_', '-');
  const values = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

function cookieOf(cookies: string, name: string): string | undefined {
  for (const part of cookies.split(';')) {
    const [key = '', ...value] = part.trim().split('=');
    if (key.toLowerCase() === name) return value.join('=');
  }
  return undefined;
}

function argumentOf(args: string, name: string): string | undefined {
  for (const part of args.split('&')) {
    const [key = '', ...value] = part.split('=');
    if (key.toLowerCase() === name) return value.join('=');
  }
  return undefined;
}
