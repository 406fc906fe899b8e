import type { Annotations, Canary, CookieAffinity } from './annotations.ts';
import type { LiveIngress } from './world.ts';

/** An Ingress with what its annotations say. */
export interface AnnotatedIngress {
  readonly ingress: LiveIngress;
  readonly annotations: Annotations;
}

/** Where a request can be sent. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The pods behind a port of a Service (upstream `ingress.Backend`). */
export interface Upstream {
  readonly name: string;
  endpoints: readonly Endpoint[];
  /** A canary's: it has no paths of its own. */
  isCanary: boolean;
  shaping: Canary | undefined;
  /** Names of the canaries that take a part of its requests. */
  readonly alternatives: string[];
  affinity: CookieAffinity | undefined;
  /** Paths for which a cookie is set, by host. */
  readonly cookiePaths: Map<string, string[]>;
}

export type PathType = 'Exact' | 'Prefix' | 'ImplementationSpecific';

/** A path of a host (upstream `ingress.Location`). */
export interface Location {
  readonly path: string;
  readonly pathType: PathType;
  /** As the Ingress has it. */
  readonly ingressPath: string;
  /** Name of the upstream. */
  readonly backend: string;
  /** Nobody asked for it: what a host answers to all other paths. */
  readonly isDefault: boolean;
  /** Who answers errors. */
  readonly errorBackend: string;
  readonly owner: AnnotatedIngress | undefined;
  readonly service: string;
  readonly servicePort: string;
}

/** What is served for a host. */
export interface Server {
  readonly hostname: string;
  readonly aliases: readonly string[];
  /** In the order in which they are looked at. */
  readonly locations: readonly Location[];
  /** Secret of the certificate, `''` for the usual one; undefined when no Ingress asks for TLS. */
  readonly certificate: string | undefined;
}

export interface Configuration {
  readonly servers: ReadonlyMap<string, Server>;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

/** The host that takes requests for all that no other has. */
export const DEFAULT_SERVER = '_';
/** Who answers what no Ingress is about. */
export const DEFAULT_UPSTREAM = 'upstream-default-backend';
