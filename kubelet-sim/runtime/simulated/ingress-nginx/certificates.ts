import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, generateKey, issueCertificate, keyToPem } from '../../../../runtime/index.ts';
import type { Configuration } from './model.ts';
import type { World } from './world.ts';
import { secretText } from './world.ts';

/** A certificate with its key, as PEM. */
export interface Pems {
  readonly cert: string;
  readonly key: string;
}

const YEAR_MS = 365 * 86_400_000;

/** The certificate of hosts that nobody gives one (upstream `internal/net/ssl`, `getFakeHostSSLCert`). */
export function fakeCertificate(clock: Clock): Pems {
  const key = generateKey();
  const cert = issueCertificate({
    subject: { commonName: 'Kubernetes Ingress Controller Fake Certificate', organizations: ['Acme Co'] },
    key,
    use: 'server',
    hosts: ['ingress.local'],
    notBeforeMs: clock.now(),
    notAfterMs: clock.now() + YEAR_MS,
  });
  return { cert, key: keyToPem(key) };
}

interface Held {
  readonly version: string;
  /** Undefined for a Secret without a certificate that goes with its key. */
  readonly found: { readonly certificate: X509Certificate; readonly context: SecureContext } | undefined;
}

/** The certificates that Secrets hold, and which of them a host is shown. */
export class Certificates {
  readonly #world: World;
  readonly #held = new Map<string, Held>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether a Secret's certificate is for a host; undefined when it has none. */
  isFor(key: string, host: string): boolean | undefined {
    const found = this.#of(key);
    if (!found) return undefined;
    const { certificate } = found;
    return (
      certificate.checkHost(host, { subject: 'always' }) !== undefined ||
      (certificate.subjectAltName ?? '').split(', ').includes(`DNS:${host}`) ||
      certificate.subject.split('\n').includes(`CN=${host}`)
    );
  }

  /** What a client is shown that asks for a name: the host's own, else that of its wildcard; undefined for the usual one. */
  contextFor({ servers }: Configuration, name: string, usual: string): SecureContext | undefined {
    const host = name.toLowerCase();
    const server = [host, host.replace(/^[^.]+\./, '*.')].map((one) => servers.get(one)).find((one) => one?.certificate !== undefined);
    const key = server?.certificate || usual;
    return key === '' ? undefined : this.#of(key)?.context;
  }

  #of(key: string): Held['found'] {
    const secret = this.#world.secret(key);
    const version = secret?.metadata.resourceVersion ?? '';
    let held = this.#held.get(key);
    if (held?.version !== version) {
      held = { version, found: read(secretText(secret, 'tls.crt'), secretText(secret, 'tls.key')) };
      this.#held.set(key, held);
    }
    return held.found;
  }
}

function read(cert: string | undefined, key: string | undefined): Held['found'] {
  if (cert === undefined || key === undefined) return undefined;
  try {
    return { certificate: new X509Certificate(cert), context: createSecureContext({ cert, key }) };
  } catch {
    return undefined; // as upstream, which goes on with the usual one
  }
}
