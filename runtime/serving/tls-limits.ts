import { constants } from 'node:crypto';
import { OptionError } from '../options.ts';

/** What connections may be made with, as `tls.createSecureContext` takes it. */
export interface TlsLimits {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names, those of TLS 1.3 too: all of them are good. */
  readonly ciphers: string;
  readonly honorCipherOrder: true;
  /** A client that names ChaCha20 first has no fast AES: it gets what it wishes. */
  readonly secureOptions: typeof constants.SSL_OP_PRIORITIZE_CHACHA;
}

const VERSIONS: Readonly<Record<string, TlsLimits['minVersion']>> = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' };
/** The best first. Upstream: Go's `crypto/tls/defaults.go`. */
const EVERY_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/**
 * Names that Go has for the suites of TLS 1.2, and OpenSSL's, the best first: of those that both sides know the first is taken, in whatever order they
 * were given. Upstream: Go's `crypto/tls/cipher_suites.go` (cipherSuitesPreferenceOrder).
 */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
};
/** What Go still calls two of them by. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
};
/** Those that are not served unless they are chosen: keys that RSA exchanges, and what may leak by its timing. */
const isWeak = (name: string): boolean => name.startsWith('TLS_RSA_') || name.endsWith('_CBC_SHA256');

/**
 * What `--tls-min-version` and `--tls-cipher-suites` mean. As with Go, the suites are those of TLS 1.2: which of TLS 1.3's are used cannot be chosen.
 * Upstream: component-base `cli/flag/ciphersuites_flag.go`. What OpenSSL no longer serves (TLS before 1.2, RC4, 3DES) is refused here.
 *
 * @param minVersion Go's name of a version
 * @param suites Go's names of suites, in any order; none stands for those that Go serves by itself
 * @throws OptionError that says what there is
 */
export function tlsLimits(minVersion: string, suites: readonly string[]): TlsLimits {
  const version = VERSIONS[minVersion];
  if (!version) throw new OptionError(`option --tls-min-version knows ${Object.keys(VERSIONS).join(' and ')}, not "${minVersion}"`);
  const known = [...EVERY_1_3, ...Object.keys(SUITES), ...Object.keys(OLD_NAMES)];
  const unknown = suites.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new OptionError(`option --tls-cipher-suites knows ${known.join(', ')}, not "${unknown}"`);
  const chosen = new Set(suites.map((name) => OLD_NAMES[name] ?? name));
  const served = Object.keys(SUITES).filter((name) => (chosen.size === 0 ? !isWeak(name) : chosen.has(name)));
  return {
    minVersion: version,
    ciphers: [...EVERY_1_3, ...served.map((name) => SUITES[name])].join(':'),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_PRIORITIZE_CHACHA,
  };
}
