import { type Endpoint, type EndpointSlice, type IpAddress, type Live, parseIp, type Service } from '../../../../api/index.ts';
import type { DnsConfig } from '../../cri.ts';
import type { ClusterDirectory } from './cluster-directory.ts';

/** What a name was found to be. */
export interface ResolvedName {
  /** The whole name, as DNS answers it. */
  readonly name: string;
  readonly addresses: readonly string[];
}

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'PTR';

/** A record of an answer: its data as `dig` shows it, names with their dot at the end. */
export interface DnsRecord {
  /** Without the dot at the end. */
  readonly name: string;
  readonly type: RecordType;
  readonly data: string;
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

/**
 * Answers as the cluster's DNS does (the DNS specification of Kubernetes, 1.1.0): services, their ports and endpoints, pods, and whose an
 * address is. Nothing, for a name that is not there or has no such record.
 */
export async function lookUp(name: string, type: RecordType, directory: ClusterDirectory, links = 0): Promise<readonly DnsRecord[]> {
  const lower = name.toLowerCase();
  if (type === 'PTR') return await ownersOf(lower, directory);
  const suffix = `.${directory.domain}`;
  if (!lower.endsWith(suffix) || links > LINKS_MAX) return [];
  const labels = lower.slice(0, -suffix.length).split('.');
  const kind = labels.pop();
  const namespace = labels.pop() ?? '';
  if (kind === 'pod') return addressRecords(lower, type, podAddress(labels));
  if (kind !== 'svc') return [];
  const service = (await directory.services()).find(({ metadata }) => metadata.namespace === namespace && metadata.name === labels.at(-1));
  if (!service) return [];
  if (service.spec.type === 'ExternalName') return labels.length > 1 ? [] : await alias(lower, type, { service, directory, links });
  if (type === 'SRV') return await portRecords(lower, labels, service, directory);
  if (labels.length > 2) return [];
  return addressRecords(lower, type, await addressesFor(labels, service, directory));
}

/** An address with dashes for its dots or colons. */
function podAddress([dashed = '', ...more]: readonly string[]): string[] {
  if (more.length > 0) return [];
  return [dashed.replaceAll('-', '.'), dashed.replaceAll('-', ':')].filter((text) => parseIp(text) !== undefined);
}

const addressRecords = (name: string, type: RecordType, addresses: readonly string[]): DnsRecord[] =>
  addresses.filter((address) => type === (address.includes(':') ? 'AAAA' : 'A')).map((data) => ({ name, type, data }));

/** A name elsewhere: what it leads to within the cluster is told with it. */
async function alias(
  name: string,
  type: RecordType,
  { service, directory, links }: { readonly service: Live<Service>; readonly directory: ClusterDirectory; readonly links: number },
): Promise<readonly DnsRecord[]> {
  const target = (service.spec.externalName ?? '').replace(/\.$/, '');
  const link: DnsRecord = { name, type: 'CNAME', data: `${target}.` };
  return type === 'CNAME' ? [link] : [link, ...(await lookUp(target, type, directory, links + 1))];
}

async function addressesFor(labels: readonly string[], service: Live<Service>, directory: ClusterDirectory): Promise<readonly string[]> {
  const isHeadless = service.spec.clusterIP === 'None';
  if (labels.length === 1 && !isHeadless) return service.spec.clusterIPs ?? [service.spec.clusterIP ?? ''];
  const slices = await directory.slices(service.metadata.namespace ?? '', service.metadata.name);
  const host = labels.length === 2 ? labels[0] : undefined;
  const found = shownEndpoints(slices, service).filter((endpoint) => host === undefined || labelOf(endpoint) === host);
  return [...new Set(found.map(({ addresses }) => addresses[0] ?? ''))];
}

/** An endpoint is named by its pod's host name, else by its address. */
const labelOf = ({ hostname, addresses }: Endpoint): string => hostname || (addresses[0] ?? '').replace(/[.:]/g, '-');

const shownEndpoints = (slices: readonly Live<EndpointSlice>[], { spec }: Live<Service>): Endpoint[] =>
  slices
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter((endpoint) => spec.publishNotReadyAddresses || endpoint.conditions?.ready !== false);

/** `_PORT._PROTOCOL.SERVICE`: each port of that name with where it is; without the two, of all ports. */
async function portRecords(
  name: string,
  labels: readonly string[],
  service: Live<Service>,
  directory: ClusterDirectory,
): Promise<readonly DnsRecord[]> {
  const [portName, protocol] = labels.length === 3 ? labels.map((label) => label.replace(/^_/, '')) : [];
  if (labels.length !== 1 && !labels.slice(0, 2).every((label) => label.startsWith('_'))) return [];
  const isWanted = (port: { readonly name?: string | null | undefined; readonly protocol?: string | null | undefined }) =>
    portName === undefined || (port.name === portName && (port.protocol ?? 'TCP').toLowerCase() === protocol);
  const whole = `${service.metadata.name}.${service.metadata.namespace}.svc.${directory.domain}.`;
  const record = (port: number, target: string): DnsRecord => ({ name, type: 'SRV', data: `0 100 ${port} ${target}` });
  if (service.spec.clusterIP !== 'None') return (service.spec.ports ?? []).filter(isWanted).map(({ port }) => record(port, whole));
  const slices = await directory.slices(service.metadata.namespace ?? '', service.metadata.name);
  const records = slices.flatMap((slice) =>
    (slice.ports ?? [])
      .filter(isWanted)
      .flatMap(({ port }) => shownEndpoints([slice], service).map((endpoint) => record(port ?? 0, `${labelOf(endpoint)}.${whole}`))),
  );
  // An endpoint with a host name has it in slices of both families.
  return [...new Map(records.map((one) => [one.data, one])).values()];
}

const REVERSE = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/;
const REVERSE_6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/;

/** The address that a name of DNS is the reverse of, as its bits. */
function reversed(name: string): IpAddress | undefined {
  const digits = REVERSE_6.exec(name)?.[1]?.split('.').reverse().join('');
  if (digits !== undefined) return { family: 6, bits: BigInt(`0x${digits}`) };
  return parseIp(REVERSE.exec(name)?.slice(1).reverse().join('.') ?? '');
}

const isAddress = (text: string, { family, bits }: IpAddress): boolean => {
  const found = parseIp(text);
  return found?.family === family && found.bits === bits;
};

/** Whose an address is: a service's, or that of an endpoint of a headless one. */
async function ownersOf(name: string, directory: ClusterDirectory): Promise<readonly DnsRecord[]> {
  const address = reversed(name);
  if (address === undefined) return [];
  const services = await directory.services();
  const pointer = ({ metadata }: Live<Service>, host = ''): DnsRecord => ({
    name,
    type: 'PTR',
    data: `${host}${metadata.name}.${metadata.namespace}.svc.${directory.domain}.`,
  });
  const owners = services
    .filter(({ spec }) => (spec.clusterIPs ?? [spec.clusterIP ?? '']).some((one) => isAddress(one, address)))
    .map((service) => pointer(service));
  if (owners.length > 0) return owners;
  const headless = services.filter(({ spec }) => spec.clusterIP === 'None');
  const found = await Promise.all(
    headless.map(async (service) => {
      const slices = await directory.slices(service.metadata.namespace ?? '', service.metadata.name);
      const own = shownEndpoints(slices, service).filter(({ addresses }) => addresses.some((one) => isAddress(one, address)));
      return own.map((endpoint) => pointer(service, `${labelOf(endpoint)}.`));
    }),
  );
  return found.flat();
}
