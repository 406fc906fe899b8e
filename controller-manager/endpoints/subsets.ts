import type { EndpointAddress, EndpointPort, EndpointSubset, ObjectReference } from '../../api/index.ts';
import { canonicalJson, deepEqual } from '../shared/equality.ts';
import { byHash } from '../shared/hash-order.ts';

/** A port, and whether each address that has it is ready for it. */
interface PortAddresses {
  /** Undefined stands for addresses without ports. */
  readonly port: EndpointPort | undefined;
  readonly ready: Map<EndpointAddress, boolean>;
}

/**
 * Subsets in the form that Endpoints are compared and written in. Ports that the same addresses have, ready and not, are together; an address that
 * one says is not ready for a port is not. Addresses are in the order of their text; ports, and subsets, in that of a hash of what Go prints of
 * them, which clients see. Upstream: `RepackSubsets` of `pkg/api/v1/endpoints/util.go`.
 *
 * @param apart whether ports of two subsets that name an application's protocol are two ports, be they alike. Upstream has them so when it
 *   read the subsets, and not when it made them of a Service's ports: it compares pointers.
 */
export function repack(subsets: readonly EndpointSubset[], { apart = false } = {}): EndpointSubset[] {
  const groups = new Map<string, { addresses: [EndpointAddress, boolean][]; ports: EndpointPort[] }>();
  for (const { port, ready } of addressesByPort(subsets, apart)) {
    if (ready.size === 0) continue;
    const addresses = [...ready].sort(([a], [b]) => byIp(a, b));
    const key = addresses.map(([address, isReady]) => `${keyOf(address)}/${isReady}`).join();
    const group = groups.get(key) ?? { addresses, ports: [] };
    if (port && !group.ports.some((one) => deepEqual(one, port))) group.ports.push(port);
    groups.set(key, group);
  }
  const packed = [...groups.values()].map(({ addresses, ports }) => {
    const those = (wanted: boolean) => addresses.flatMap(([address, isReady]) => (isReady === wanted ? [address] : []));
    return subsetOf(byHash(ports, printedPort), those(true), those(false));
  });
  return byHash(packed, printedSubset);
}

/** A subset: what is empty is left out. */
export const subsetOf = (ports: EndpointPort[], ready: EndpointAddress[], notReady: EndpointAddress[]): EndpointSubset => ({
  ...(ready.length ? { addresses: ready } : {}),
  ...(notReady.length ? { notReadyAddresses: notReady } : {}),
  ...(ports.length ? { ports } : {}),
});

function addressesByPort(subsets: readonly EndpointSubset[], apart: boolean): Iterable<PortAddresses> {
  const known = new Map<string, EndpointAddress>();
  const found = new Map<string, PortAddresses>();
  for (const [at, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const ready = addresses.map((address) => firstOf(known, address));
    const notReady = notReadyAddresses.map((address) => firstOf(known, address));
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const own = apart && port?.appProtocol !== undefined ? `#${at}` : '';
      const text = port ? canonicalJson(port) + own : '';
      const entry = found.get(text) ?? { port, ready: new Map<EndpointAddress, boolean>() };
      found.set(text, entry);
      note(entry, ready, true);
      note(entry, notReady, false);
    }
  }
  return found.values();
}

/** Of several forms of an address the first one counts. */
function firstOf(known: Map<string, EndpointAddress>, address: EndpointAddress): EndpointAddress {
  const key = keyOf(address);
  const first = known.get(key) ?? address;
  known.set(key, first);
  return first;
}

/** Who was not ready once stays so. */
function note({ ready }: PortAddresses, addresses: readonly EndpointAddress[], isReady: boolean): void {
  for (const address of addresses) {
    if (ready.get(address) !== false) ready.set(address, isReady);
  }
}

const keyOf = ({ ip, targetRef }: EndpointAddress): string => `${ip}/${targetRef?.uid ?? ''}`;

function byIp(a: EndpointAddress, b: EndpointAddress): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  return (a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1;
}

// What Go prints of the structures of `k8s.io/api/core/v1/types.go`, by way of `ForHash` (apimachinery, `pkg/util/dump/dump.go`).

const optional = (text: string | undefined): string => `(*string)${text ?? '<nil>'}`;

const list = <T>(type: string, items: readonly T[] | undefined, printed: (item: T) => string): string =>
  `([]v1.${type})${items ? `[${items.map((item) => printed(item).replace(`(v1.${type})`, '')).join(' ')}]` : '<nil>'}`;

const printedPort = ({ name = '', port, protocol = '', appProtocol }: EndpointPort): string =>
  `(v1.EndpointPort){Name:(string)${name} Port:(int32)${port} Protocol:(v1.Protocol)${protocol} AppProtocol:${optional(appProtocol)}}`;

const printedTarget = ({ kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath }: ObjectReference): string =>
  `{Kind:(string)${kind ?? ''} Namespace:(string)${namespace ?? ''} Name:(string)${name ?? ''} UID:(types.UID)${uid ?? ''} ` +
  `APIVersion:(string)${apiVersion ?? ''} ResourceVersion:(string)${resourceVersion ?? ''} FieldPath:(string)${fieldPath ?? ''}}`;

const printedAddress = ({ ip, hostname = '', nodeName, targetRef }: EndpointAddress): string =>
  `(v1.EndpointAddress){IP:(string)${ip} Hostname:(string)${hostname} NodeName:${optional(nodeName)} ` +
  `TargetRef:(*v1.ObjectReference)${targetRef ? printedTarget(targetRef) : '<nil>'}}`;

const printedSubset = ({ addresses, notReadyAddresses, ports }: EndpointSubset): string =>
  `(v1.EndpointSubset){Addresses:${list('EndpointAddress', addresses, printedAddress)} ` +
  `NotReadyAddresses:${list('EndpointAddress', notReadyAddresses, printedAddress)} Ports:${list('EndpointPort', ports, printedPort)}}`;
