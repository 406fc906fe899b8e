import type { HTTPIngressPath, IngressServiceBackend } from '../../../../api/index.ts';
import { endpointsOf, endpointsOfFirstPort } from './endpoints.ts';
import { orderedLocations } from './locations.ts';
import {
  type AnnotatedIngress,
  type Configuration,
  DEFAULT_SERVER,
  DEFAULT_UPSTREAM,
  type Endpoint,
  type Location,
  type PathType,
  type Server,
  type Upstream,
} from './model.ts';
import type { World } from './world.ts';
import { nameOf } from './world.ts';

/** What a configuration depends on beside the Ingresses. */
export interface ConfigurationParts {
  readonly world: World;
  /** `--default-backend-service`: who answers what no Ingress is about. */
  readonly defaultBackendService: string;
  readonly disablesExternalNames: boolean;
  /** Whether a Secret's certificate is for a host; undefined when it has none. */
  isCertificateFor(secret: string, host: string): boolean | undefined;
  warn(text: string): void;
}

/** A server that is not done yet. */
interface Draft {
  aliases: readonly string[];
  readonly locations: Location[];
  certificate: string | undefined;
}

/** The name of an upstream, of the Service and port that a path names. */
const upstreamName = (namespace: string, service: IngressServiceBackend): string => `${namespace}-${service.name}-${portOf(service)}`;
const portOf = ({ port }: IngressServiceBackend): string => port?.name || String(port?.number ?? 0);
const namespaceOf = ({ ingress }: AnnotatedIngress): string => ingress.metadata.namespace ?? '';
const rulesOf = ({ ingress }: AnnotatedIngress) => ingress.spec?.rules ?? [];
const hostOf = ({ host }: { readonly host?: string | undefined }): string => host || DEFAULT_SERVER;

/** The paths of a rule that lead to Services: others are left alone. */
const pathsOf = ({ http }: { readonly http?: { readonly paths?: readonly HTTPIngressPath[] } | null | undefined }) =>
  (http?.paths ?? []).flatMap(({ path, pathType, backend }) =>
    backend?.service ? [{ path: path || '/', pathType: (pathType ?? 'ImplementationSpecific') as PathType, service: backend.service }] : [],
  );

/**
 * What Ingresses make of hosts, paths and Services (upstream `getBackendServers`).
 *
 * @param ingresses the oldest first: of two that claim the same, the first one has it
 */
export function buildConfiguration(ingresses: readonly AnnotatedIngress[], parts: ConfigurationParts): Configuration {
  return new Builder(ingresses, parts).build();
}

class Builder {
  readonly #ingresses: readonly AnnotatedIngress[];
  readonly #parts: ConfigurationParts;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #servers = new Map<string, Draft>();

  constructor(ingresses: readonly AnnotatedIngress[], parts: ConfigurationParts) {
    this.#ingresses = ingresses;
    this.#parts = parts;
  }

  build(): Configuration {
    this.#upstreams.set(DEFAULT_UPSTREAM, { ...newUpstream(DEFAULT_UPSTREAM), endpoints: this.#defaultEndpoints() });
    for (const each of this.#ingresses) this.#makeUpstreams(each);
    this.#servers.set(DEFAULT_SERVER, { aliases: [], locations: [rootOf(undefined, DEFAULT_UPSTREAM)], certificate: '' });
    const primaries = this.#ingresses.filter(({ annotations }) => !annotations.canary.enabled);
    for (const each of primaries) this.#makeServers(each);
    for (const each of primaries) this.#configureServers(each);
    for (const each of this.#ingresses) this.#addPaths(each);
    if (primaries.length > 0) for (const each of this.#ingresses) if (each.annotations.canary.enabled) this.#mergeCanary(each);
    this.#nameErrorBackends();
    return { servers: this.#finished(), upstreams: this.#upstreams };
  }

  #defaultEndpoints(): readonly Endpoint[] {
    const { defaultBackendService: key, world, warn } = this.#parts;
    if (key === '') return [];
    const service = world.service(key);
    if (!service) {
      warn(`Error getting default backend ${JSON.stringify(key)}: no object matching key ${JSON.stringify(key)} in local store`);
      return [];
    }
    const endpoints = endpointsOfFirstPort(service, world.slices(key));
    if (endpoints.length === 0) warn(`Service ${JSON.stringify(key)} does not have any active Endpoint`);
    return endpoints;
  }

  #makeUpstreams(each: AnnotatedIngress): void {
    const service = each.ingress.spec?.defaultBackend?.service;
    if (service) this.#makeUpstream(each, service, true);
    for (const rule of rulesOf(each)) for (const path of pathsOf(rule)) this.#makeUpstream(each, path.service, false);
  }

  #makeUpstream(each: AnnotatedIngress, service: IngressServiceBackend, replaces: boolean): void {
    const name = upstreamName(namespaceOf(each), service);
    if (this.#upstreams.has(name) && !replaces) return;
    const { canary } = each.annotations;
    this.#upstreams.set(name, {
      ...newUpstream(name),
      endpoints: this.#endpoints(each, service),
      isCanary: canary.enabled,
      shaping: canary.enabled ? canary : undefined,
    });
  }

  #endpoints(each: AnnotatedIngress, service: IngressServiceBackend): readonly Endpoint[] {
    const { world, warn, disablesExternalNames } = this.#parts;
    const key = `${namespaceOf(each)}/${service.name}`;
    const found = world.service(key);
    if (!found) {
      warn(`Error obtaining Endpoints for Service ${JSON.stringify(key)}: no object matching key ${JSON.stringify(key)} in local store`);
      return [];
    }
    if (found.spec.type === 'ExternalName' && disablesExternalNames) {
      warn(`Service ${JSON.stringify(key)} of type ExternalName not allowed due to Ingress configuration.`);
      return [];
    }
    const { clusterIP = '', ports = [] } = found.spec;
    if (each.annotations.serviceUpstream && clusterIP !== '' && clusterIP !== 'None') {
      const port = Number(portOf(service)) || ports?.find(({ name }) => name === portOf(service))?.port;
      if (port) return [{ address: clusterIP, port }];
    }
    const endpoints = endpointsOf(found, portOf(service), world.slices(key));
    if (endpoints.length === 0) warn(`Service ${JSON.stringify(key)} does not have any active Endpoint.`);
    return endpoints;
  }

  /** A server for each host, that sends all paths to the default backend until one claims them. */
  #makeServers(each: AnnotatedIngress): void {
    const service = each.ingress.spec?.defaultBackend?.service;
    const backend = service ? upstreamName(namespaceOf(each), service) : DEFAULT_UPSTREAM;
    const catchAll = this.#servers.get(DEFAULT_SERVER);
    if (service && catchAll?.locations[0]?.isDefault && rulesOf(each).length === 0) {
      const root = rootOf(withoutRouting(each), backend);
      catchAll.locations[0] = { ...root, isDefault: false, service: service.name, servicePort: portOf(service) };
    }
    for (const rule of rulesOf(each)) {
      const host = hostOf(rule);
      if (!this.#servers.has(host)) this.#servers.set(host, { aliases: [], locations: [rootOf(each, backend)], certificate: undefined });
    }
  }

  #configureServers(each: AnnotatedIngress): void {
    for (const rule of rulesOf(each)) {
      const server = this.#servers.get(hostOf(rule));
      if (!server) continue;
      if (server.aliases.length === 0) server.aliases = each.annotations.aliases;
      server.certificate ??= this.#certificateFor(hostOf(rule), each);
    }
  }

  /** Which Secret a host's certificate is in: the one that names it, else one whose certificate is for it. */
  #certificateFor(host: string, each: AnnotatedIngress): string | undefined {
    const tls = each.ingress.spec?.tls ?? [];
    if (tls.length === 0) return undefined;
    const { isCertificateFor, warn } = this.#parts;
    const keyed = (secretName: string) => `${namespaceOf(each)}/${secretName}`;
    const named = tls.find(({ hosts }) => hosts?.some((one) => one.toLowerCase() === host.toLowerCase()));
    const fitting = named ?? tls.find(({ secretName }) => secretName && isCertificateFor(keyed(secretName), host));
    if (!fitting?.secretName) return '';
    const key = keyed(fitting.secretName);
    const isFor = isCertificateFor(key, host);
    if (isFor) return key;
    if (isFor === undefined)
      warn(`Error getting SSL certificate ${JSON.stringify(key)}: local SSL certificate ${key} was not found. Using default certificate`);
    else {
      const at = `SSL certificate ${JSON.stringify(key)}`;
      warn(`${at} does not contain a Common Name or Subject Alternative Name for server ${JSON.stringify(host)}`);
      warn('Using default certificate');
    }
    return '';
  }

  #addPaths(each: AnnotatedIngress): void {
    for (const rule of rulesOf(each)) {
      const host = hostOf(rule);
      const server = this.#servers.get(host) ?? this.#servers.get(DEFAULT_SERVER);
      for (const path of server ? pathsOf(rule) : []) {
        const upstream = this.#upstreams.get(upstreamName(namespaceOf(each), path.service));
        if (!server || !upstream || upstream.isCanary) continue;
        addLocation(server, {
          ...path,
          ingressPath: path.path,
          backend: upstream.name,
          isDefault: false,
          errorBackend: DEFAULT_UPSTREAM,
          owner: each,
          service: path.service.name,
          servicePort: portOf(path.service),
        });
        this.#stick(upstream, each, [host, ...server.aliases], path.path);
      }
    }
  }

  #stick(upstream: Upstream, { annotations: { affinity } }: AnnotatedIngress, hosts: readonly string[], path: string): void {
    if (!affinity) return;
    upstream.affinity = affinity;
    for (const host of hosts) upstream.cookiePaths.set(host, [...(upstream.cookiePaths.get(host) ?? []), path]);
  }

  /** Gives a canary's Services a part of what goes to those of the same host and path. */
  #mergeCanary(each: AnnotatedIngress): void {
    for (const rule of rulesOf(each)) {
      const server = this.#servers.get(hostOf(rule));
      for (const path of pathsOf(rule)) {
        const canary = this.#upstreams.get(upstreamName(namespaceOf(each), path.service));
        const of = server?.locations.filter((one) => one.path === path.path && one.pathType === path.pathType) ?? [];
        for (const location of canary ? of : []) this.#merge(location, canary, each);
      }
    }
    const service = each.ingress.spec?.defaultBackend?.service;
    const canary = service && this.#upstreams.get(upstreamName(namespaceOf(each), service));
    for (const location of (canary && this.#servers.get(DEFAULT_SERVER)?.locations) || []) this.#merge(location, canary, each);
  }

  #merge(location: Location, canary: Upstream | undefined, { annotations }: AnnotatedIngress): void {
    const primary = this.#upstreams.get(location.backend);
    if (!canary || !primary || primary === canary || primary.name === DEFAULT_UPSTREAM || primary.isCanary) return;
    if (!primary.alternatives.includes(canary.name)) primary.alternatives.push(canary.name);
    if (annotations.affinity?.canaryBehaviour === 'legacy') return;
    canary.affinity = primary.affinity;
    for (const [host, paths] of primary.cookiePaths) canary.cookiePaths.set(host, paths);
  }

  /** Services of the annotation `default-backend`: for errors, and for requests that no pod can answer. */
  #nameErrorBackends(): void {
    for (const { locations } of this.#servers.values())
      for (const [i, location] of locations.entries()) locations[i] = this.#withErrorBackend(location);
  }

  #withErrorBackend(location: Location): Location {
    const { owner } = location;
    if (!owner || owner.annotations.defaultBackend === '') return location;
    const isEmpty = this.#upstreams.get(location.backend)?.endpoints.length === 0;
    if (location.backend === DEFAULT_UPSTREAM || (!isEmpty && owner.annotations.customHttpErrors.length === 0)) return location;
    const key = `${namespaceOf(owner)}/${owner.annotations.defaultBackend}`;
    const service = this.#parts.world.service(key);
    const endpoints = service ? endpointsOfFirstPort(service, this.#parts.world.slices(key)) : [];
    if (!service || endpoints.length === 0) return location;
    const name = `custom-default-backend-${nameOf(service).replace('/', '-')}`;
    if (!this.#upstreams.has(name)) this.#upstreams.set(name, { ...newUpstream(name), endpoints });
    return { ...location, errorBackend: name, backend: isEmpty ? name : location.backend };
  }

  #finished(): ReadonlyMap<string, Server> {
    const drafts = [...this.#servers].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(
      drafts.map(([hostname, { aliases, locations, certificate }]) => [
        hostname,
        { hostname, certificate, aliases: aliases.filter((alias) => !this.#servers.has(alias)), locations: orderedLocations(locations) },
      ]),
    );
  }
}

const newUpstream = (name: string): Upstream => ({
  name,
  endpoints: [],
  isCanary: false,
  shaping: undefined,
  alternatives: [],
  affinity: undefined,
  cookiePaths: new Map(),
});

const rootOf = (owner: AnnotatedIngress | undefined, backend: string): Location => ({
  path: '/',
  pathType: 'Prefix',
  ingressPath: '/',
  backend,
  isDefault: true,
  errorBackend: DEFAULT_UPSTREAM,
  owner,
  service: '',
  servicePort: '',
});

/** An Ingress without rules takes all requests as they are. */
const withoutRouting = ({ ingress, annotations }: AnnotatedIngress): AnnotatedIngress => ({
  ingress,
  annotations: { ...annotations, redirect: undefined, rewriteTarget: '', useRegex: false, appRoot: '', sslRedirect: false },
});

/** The first one has a path; what nobody asked for makes way. */
function addLocation(server: Draft, location: Location): void {
  const at = server.locations.findIndex(({ path }) => path === location.path);
  const there = server.locations[at];
  if (!there || there.pathType !== location.pathType) server.locations.push(location);
  else if (there.isDefault) server.locations[at] = location;
}
