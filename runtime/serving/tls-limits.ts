import { DEFAULT_CIPHERS } from 'node:tls';
import { OptionError } from '../options.ts';

/** What connections may be made with, as `tls.createSecureContext` takes it. */
export interface TlsLimits {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names, those of TLS 1.3 too: all of them are good. */
  readonly ciphers: string;
}

const VERSIONS: Readonly<Record<string, TlsLimits['minVersion']>> = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' };
const EVERY_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

/** Names that Go has for the suites of TLS 1.2, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
};

/**
 * What `--tls-min-version` and `--tls-cipher-suites` mean. As with Go, the suites are those of TLS 1.2: which of TLS 1.3's are used cannot be chosen.
 * Upstream: component-base `cli/flag/ciphersuites_flag.go`. What OpenSSL no longer serves (TLS before 1.2, RC4, 3DES) is refused here.
 *
 * @param minVersion Go's name of a version
 * @param suites Go's names of suites; none stands for those that Node would take
 * @throws OptionError that says what there is
 */
export function tlsLimits(minVersion: string, suites: readonly string[]): TlsLimits {
  const version = VERSIONS[minVersion];
  if (!version) throw new OptionError(`option --tls-min-version knows ${Object.keys(VERSIONS).join(' and ')}, not "${minVersion}"`);
  const unknown = suites.find((name) => !(name in SUITES) && !EVERY_1_3.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`option --tls-cipher-suites knows ${[...EVERY_1_3, ...Object.keys(SUITES)].join(', ')}, not "${unknown}"`);
  }
  if (suites.length === 0) return { minVersion: version, ciphers: DEFAULT_CIPHERS };
  const chosen = suites.flatMap((name) => SUITES[name] ?? []);
  return { minVersion: version, ciphers: [...EVERY_1_3, ...chosen].join(':') };
}
