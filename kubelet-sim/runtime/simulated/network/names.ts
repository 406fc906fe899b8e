import type { Endpoint, EndpointSlice, Live, Service } from '../../../../api/index.ts';
import type { DnsConfig } from '../../cri.ts';
import type { ClusterDirectory } from './cluster-directory.ts';

/** What a name was found to be. */
export interface ResolvedName {
  /** The whole name, as DNS answers it. */
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Dots below which a name is first looked for in the search list, when no option says so. */
const NDOTS_DEFAULT = 1;
const LINKS_MAX = 8;

/** The names to try for one that a program asks for, in order: resolv.conf(5). */
export function candidates(name: string, { searches, options }: DnsConfig): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const ndots = Number(options.find((option) => option.startsWith('ndots:'))?.slice(6) ?? NDOTS_DEFAULT);
  const searched = searches.map((search) => `${name}.${search}`);
  const hasDots = name.split('.').length - 1 >= ndots;
  return hasDots ? [name, ...searched] : [...searched, name];
}

/** Answers as the cluster's DNS does (the DNS specification of Kubernetes, 1.1.0): services, their endpoints, pods. */
export async function lookUp(name: string, directory: ClusterDirectory, links = 0): Promise<ResolvedName | undefined> {
  const suffix = `.${directory.domain}`;
  const lower = name.toLowerCase();
  if (!lower.endsWith(suffix) || links > LINKS_MAX) return undefined;
  const labels = lower.slice(0, -suffix.length).split('.');
  const type = labels.pop();
  const namespace = labels.pop() ?? '';
  const addresses = type === 'pod' ? podAddress(labels) : type === 'svc' ? await ofService(labels, namespace, directory, links) : undefined;
  return addresses && addresses.length > 0 ? { name: lower, addresses } : undefined;
}

const podAddress = ([dashed = '', ...more]: readonly string[]): string[] | undefined =>
  more.length === 0 && /^\d+-\d+-\d+-\d+$/.test(dashed) ? [dashed.replaceAll('-', '.')] : undefined;

async function ofService(
  labels: readonly string[],
  namespace: string,
  directory: ClusterDirectory,
  links: number,
): Promise<readonly string[] | undefined> {
  const name = labels.at(-1);
  const service = (await directory.services()).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (!service || labels.length > 2) return undefined;
  if (service.spec.type === 'ExternalName') return (await lookUp(service.spec.externalName ?? '', directory, links + 1))?.addresses;
  const isHeadless = service.spec.clusterIP === 'None';
  if (labels.length === 1 && !isHeadless) return service.spec.clusterIPs ?? [service.spec.clusterIP ?? ''];
  const slices = await directory.slices(namespace, service.metadata.name);
  const host = labels.length === 2 ? labels[0] : undefined;
  return addressesOf(slices, service, (endpoint) => host === undefined || isNamed(endpoint, host));
}

/** An endpoint is named by its pod's host name, else by its address. */
const isNamed = ({ hostname, addresses }: Endpoint, host: string): boolean =>
  hostname ? hostname === host : addresses[0]?.replaceAll('.', '-') === host;

const addressesOf = (
  slices: readonly Live<EndpointSlice>[],
  { spec }: Live<Service>,
  wanted: (endpoint: Endpoint) => boolean,
): string[] => [
  ...new Set(
    slices
      .flatMap(({ endpoints = [] }) => endpoints)
      .filter((endpoint) => (spec.publishNotReadyAddresses || endpoint.conditions?.ready !== false) && wanted(endpoint))
      .map(({ addresses }) => addresses[0] ?? ''),
  ),
];
