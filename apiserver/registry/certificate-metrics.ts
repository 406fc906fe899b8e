import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../api/index.ts';
import { CounterFamily } from './metric-families.ts';

const PREFIX = 'apiserver_certificates_registry_csr';
const KUBERNETES = 'kubernetes.io/';
/** Certificates may begin a little in the past. */
const BACKDATED_SECONDS = 5 * 60;
/** And be of a length that is off by a twentieth. */
const TOLERANCE = 20;

/**
 * Counts certificates that were asked for with a duration, and those that have it. Upstream:
 * `pkg/registry/certificates/certificates/storage/metrics.go`.
 */
export class CertificateMetrics {
  readonly #requested = new CounterFamily(`${PREFIX}_requested_duration_total`, 'Certificates for which a duration was asked.');
  readonly #honored = new CounterFamily(`${PREFIX}_honored_duration_total`, 'Those of them that last as long.');

  /** Takes note of a certificate, when the request has none yet. */
  signed({ status }: CertificateSigningRequest, { spec, status: before }: CertificateSigningRequest): void {
    const { expirationSeconds } = spec;
    if (expirationSeconds === undefined || before.certificate || !status.certificate) return;
    const signerName = spec.signerName.startsWith(KUBERNETES) ? spec.signerName : 'other';
    this.#requested.add({ signerName });
    const seconds = secondsOf(status.certificate);
    if (Math.abs(expirationSeconds - seconds) < BACKDATED_SECONDS + expirationSeconds / TOLERANCE) this.#honored.add({ signerName });
  }

  /** Prometheus' text format. */
  text(): string {
    return `${[this.#requested, this.#honored].flatMap((family) => family.lines()).join('\n')}\n`;
  }
}

/** How long the first of some certificates is good; validation has seen that they are certificates. */
function secondsOf(base64: string): number {
  const { validFrom, validTo } = new X509Certificate(Buffer.from(base64, 'base64'));
  return (Date.parse(validTo) - Date.parse(validFrom)) / 1000;
}
