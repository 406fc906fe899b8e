import { type OptionTable, type OptionValues, option } from '../runtime/index.ts';

const REVIEWS = 'what is not known of who asks is always looked up, and not kept';
const CONNECTIONS = 'connections are HTTP/1.1, on a port of their own';

const INERT = {
  'authentication-token-webhook-cache-ttl': option.inert('duration', REVIEWS),
  'authorization-webhook-cache-authorized-ttl': option.inert('duration', REVIEWS),
  'authorization-webhook-cache-unauthorized-ttl': option.inert('duration', REVIEWS),
  'disable-http2-serving': option.inert('boolean', CONNECTIONS),
  'http2-max-streams-per-connection': option.inert('integer', CONNECTIONS),
  'permit-port-sharing': option.inert('boolean', CONNECTIONS),
} satisfies OptionTable;

/** Options of a process that serves health and metrics over HTTPS; names are upstream's. */
export const servingOptions = (port: number) =>
  ({
    'secure-port': option.integer('Port of /healthz, /livez, /readyz and /metrics over HTTPS; 0 is none.', port, { min: 0, max: 65_535 }),
    'secure-port-fallback': option.boolean('Take a free port when --secure-port is in use, instead of ending.', false),
    // Upstream's is 0.0.0.0: a simulated cluster need not be reached from elsewhere.
    'bind-address': option.string('Address on which that port is served.', '127.0.0.1', { placeholder: 'IP' }),
    'tls-cert-file': option.string('Certificate it is served with; one is made unless given.', undefined, { placeholder: 'FILE' }),
    'tls-private-key-file': option.string('Key of --tls-cert-file.', undefined, { placeholder: 'FILE' }),
    'client-ca-file': option.string('CA of client certificates; the API server is asked for its own unless given.', undefined, {
      placeholder: 'FILE',
    }),
    'authorization-always-allow-paths': option.list('Paths that everybody may ask for; a * at the end stands for the rest.', [
      '/healthz',
      '/readyz',
      '/livez',
    ]),
    'authentication-skip-lookup': option.boolean(
      'Do not ask the API server whose certificates are good, and which proxies may name users.',
      false,
    ),
    // Upstream's controller manager has false: it is started anew until there is an API server.
    'authentication-tolerate-lookup-failure': option.boolean('Start when that cannot be found out, and ask until it is known.', true),
    'requestheader-client-ca-file': option.string(
      'CA of front proxies, whose headers name users; the API server is asked for its own unless given.',
      undefined,
      { placeholder: 'FILE' },
    ),
    'requestheader-allowed-names': option.list('Common names that those proxies may have; any unless given.', [], { placeholder: 'NAMES' }),
    'requestheader-username-headers': option.list('Headers in which they name the user.', ['x-remote-user'], { placeholder: 'NAMES' }),
    'requestheader-uid-headers': option.list("Headers that have the user's uid.", [], { placeholder: 'NAMES' }),
    'requestheader-group-headers': option.list("Headers that have the user's groups.", ['x-remote-group'], { placeholder: 'NAMES' }),
    'requestheader-extra-headers-prefix': option.list('What headers begin with that say more of the user.', ['x-remote-extra-'], {
      placeholder: 'PREFIXES',
    }),
    'tls-min-version': option.string('Oldest TLS that is spoken: VersionTLS12 or VersionTLS13.', 'VersionTLS12', {
      placeholder: 'VERSION',
    }),
    'tls-cipher-suites': option.list("Cipher suites of TLS 1.2, in Go's names, the first the most wanted; default Node's.", [], {
      placeholder: 'SUITES',
    }),
    'tls-sni-cert-key': option.list('Certificate and key for clients that ask for other names: CERT,KEY or CERT,KEY:NAME,NAME.', [], {
      placeholder: 'CERT,KEY',
    }),
    ...INERT,
  }) satisfies OptionTable;

/** The values of {@link servingOptions}. */
export type ServingOptionValues = OptionValues<ReturnType<typeof servingOptions>>;
