import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates of both bundles, each once, without those that have expired: what several API servers with CAs of their own make of the
 * bundle they share. Upstream: pkg/controlplane/controller/clusterauthenticationtrust.
 */
export function joinBundles(present: string, required: string, now: number): string {
  const seen = new Set<string>();
  const kept: string[] = [];
  for (const [block] of [...present.matchAll(BLOCK), ...required.matchAll(BLOCK)]) {
    const certificate = new X509Certificate(block);
    if (seen.has(certificate.fingerprint256) || Date.parse(certificate.validTo) <= now) continue;
    seen.add(certificate.fingerprint256);
    kept.push(block);
  }
  return kept.map((block) => `${block}\n`).join('');
}
