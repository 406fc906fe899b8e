/** A certificate authority for tests. */
import { generateKey, issueCertificate, keyToPem } from '../../runtime/index.ts';

const HOUR_MS = 3_600_000;

export interface Pair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Its own certificate, as PEM. */
  readonly ca: string;
  issue(use: 'server' | 'client', hosts?: readonly string[]): Pair;
  /** An authority that this one vouches for: an intermediate. */
  below(commonName: string): Authority;
}

interface Superior {
  readonly subject: { readonly commonName: string };
  readonly key: ReturnType<typeof generateKey>;
}

export function testAuthority(commonName = 'test authority', superior?: Superior): Authority {
  const key = generateKey();
  const validity = { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS };
  const subject = { commonName };
  return {
    ca: issueCertificate({ subject, key, use: 'ca', issuer: superior, ...validity }),
    issue(use, hosts) {
      const own = generateKey();
      const request = { subject: { commonName: `${use} of ${commonName}` }, key: own, use, hosts, issuer: { subject, key }, ...validity };
      return { cert: issueCertificate(request), key: keyToPem(own) };
    },
    below: (name) => testAuthority(name, { subject, key }),
  };
}
