import { createHash } from 'node:crypto';
import { apiVersionOf, isAlreadyExists, isNotFound, type KindInfo, type Lease, type Live, toMicroTime } from '../../api/index.ts';
import type { Clock, Random } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';

const NAMESPACE = 'kube-system';
const IDENTITY_LABEL = 'apiserver.kubernetes.io/identity';
const COMPONENT = 'kube-apiserver';
const DURATION_SECONDS = 3600;

/** Options of {@link IdentityLease}. */
export interface IdentityLeaseOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** Leases of coordination.k8s.io. */
  readonly kind: KindInfo;
  /** Of the machine: an API server's identity is made of it. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The Lease in kube-system by which an API server tells that it is there, whoever else is (KEP-1965). Upstream: `pkg/controlplane/apiserver/server.go`
 * and `pkg/controlplane/controller/apiserverleasegc`.
 */
export class IdentityLease {
  readonly #options: IdentityLeaseOptions;
  readonly #name: string;
  readonly #holder: string;

  constructor(options: IdentityLeaseOptions) {
    this.#options = options;
    this.#name = serverIdentity(options.hostname);
    this.#holder = `${this.#name}_${options.random.uuid()}`;
  }

  /** Says that this server is there, for another while. A Lease of before a restart is gone on with. */
  async renew(): Promise<void> {
    try {
      await this.#write();
    } catch (error) {
      // Another was faster, with the same host's name or as the collector: the next renewal finds what is there.
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  }

  /** Deletes the Leases of servers that have not been there for as long as they said. */
  async collect(): Promise<void> {
    const { objects, kind, clock } = this.#options;
    for (const lease of objects.list<Lease>(kind, NAMESPACE)) {
      if (lease.metadata.labels?.[IDENTITY_LABEL] !== COMPONENT || !isExpired(lease, clock.now())) continue;
      try {
        await objects.delete(kind, NAMESPACE, lease.metadata.name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #write(): Promise<void> {
    const { objects, kind, clock, hostname } = this.#options;
    const renewTime = toMicroTime(clock.now());
    const labels = { [IDENTITY_LABEL]: COMPONENT, 'kubernetes.io/hostname': hostname };
    if (objects.get<Lease>(kind, NAMESPACE, this.#name)) {
      await objects.update<Lease>(kind, NAMESPACE, this.#name, (current) => ({
        ...current,
        metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...labels } },
        spec: { ...current.spec, renewTime },
      }));
      return;
    }
    await objects.create<Lease>(kind, {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name: this.#name, namespace: NAMESPACE, labels },
      spec: { holderIdentity: this.#holder, leaseDurationSeconds: DURATION_SECONDS, renewTime },
    });
  }
}

/** Upstream: `NewConfig` of `k8s.io/apiserver/pkg/server`: the host's name and the component's, each with its length before it. */
export function serverIdentity(hostname: string): string {
  const hash = createHash('sha256');
  for (const text of [hostname, COMPONENT]) {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return `apiserver-${base32(hash.digest().subarray(0, 16))}`;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648, in lower case and without padding. */
function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

const isExpired = ({ spec: { renewTime, leaseDurationSeconds } }: Live<Lease>, now: number): boolean =>
  !renewTime || leaseDurationSeconds === undefined || Date.parse(renewTime) + leaseDurationSeconds * 1000 < now;
