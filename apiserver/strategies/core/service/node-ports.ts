// Which node ports a Service takes. Upstream: `initNodePorts`, `updateNodePorts` (`pkg/registry/core/service/storage/alloc.go`).

import type { Service, ServicePort } from '../../../../api/index.ts';
import { plainError } from '../../../registry/store-errors.ts';
import { needsNodePort } from './defaults.ts';

/** Takes ports for a write. */
export interface PortTaker {
  /** @throws ApiError (422) when it is not to be had. @param index which of the Service's ports asks for it. */
  take(port: number, index: number): void;
  /** @throws ApiError (500) when there is none left. */
  takeAny(): number;
}

export const nodePortsOf = ({ spec }: Service): number[] => (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));

/** For a new Service: ports of one number share a node port, whatever their protocols. */
export function takeNewNodePorts(service: Service, taker: PortTaker): void {
  const ports = service.spec.ports ?? [];
  const chosen = new Map<number, number>();
  for (const [i, port] of ports.entries()) {
    if (!port.nodePort && !needsNodePort(service.spec)) continue;
    const shared = chosen.get(port.port);
    if (shared === undefined) {
      port.nodePort = takeFor(port, i, { ports, taker });
      chosen.set(port.port, port.nodePort);
    } else if (!port.nodePort) {
      port.nodePort = shared;
    } else if (port.nodePort !== shared) {
      taker.take(port.nodePort, i);
    }
  }
}

function takeFor({ port }: ServicePort, index: number, { ports, taker }: { ports: readonly ServicePort[]; taker: PortTaker }): number {
  const asked = ports.find((other) => other.port === port && other.nodePort)?.nodePort;
  if (!asked) return taker.takeAny();
  taker.take(asked, index);
  return asked;
}

/** For a changed Service: what it had is its own still. @throws ApiError (500) for a node port that two ports of a protocol have. */
export function takeChangedNodePorts(service: Service, held: ReadonlySet<number>, taker: PortTaker): void {
  const taken = new Set<number>();
  const used = new Set<string>();
  for (const [i, port] of (service.spec.ports ?? []).entries()) {
    if (!port.nodePort && !needsNodePort(service.spec)) continue;
    if (!port.nodePort) {
      port.nodePort = taker.takeAny();
    } else if (!held.has(port.nodePort) && !taken.has(port.nodePort)) {
      taker.take(port.nodePort, i);
      taken.add(port.nodePort);
    }
    const id = `${port.protocol ?? 'TCP'} ${port.nodePort}`;
    if (used.has(id)) throw plainError(`duplicate nodePort: {${id}}`);
    used.add(id);
  }
}
