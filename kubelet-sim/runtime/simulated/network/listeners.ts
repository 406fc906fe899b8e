import type { SimulatedContainer } from '../container.ts';
import type { Sandbox } from '../sandbox.ts';
import type { ListeningPort, StreamProtocol } from './container-sockets.ts';
import type { DatagramListener, Listener, Protocol } from './listener.ts';

/** Those who share a network: the containers of a pod, or of all pods on the node's network. */
export const sharingNetwork = (sandbox: Sandbox): Iterable<Sandbox> => (sandbox.usesHostNetwork ? sandbox.node.onHostNetwork : [sandbox]);

/** The first of the containers on a sandbox's network for which there is an answer. */
function firstOf<T>(sandbox: Sandbox, ask: (container: SimulatedContainer) => T | undefined): T | undefined {
  for (const { containers } of sharingNetwork(sandbox))
    for (const container of containers) {
      const answer = ask(container);
      if (answer !== undefined) return answer;
    }
  return undefined;
}

/** Who takes connections on a port of a sandbox's network. */
export const listenerOn = (sandbox: Sandbox, port: number, protocol: StreamProtocol = 'TCP'): Listener | undefined =>
  firstOf(sandbox, (container) => container.sockets.listenerOn(port, protocol));

/** Who takes datagrams on a port of a sandbox's network. */
export const datagramListenerOn = (sandbox: Sandbox, port: number): DatagramListener | undefined =>
  firstOf(sandbox, (container) => container.sockets.datagramListenerOn(port));

/** Whether anybody listens on a port of a sandbox's network. */
export const isHeardOn = (sandbox: Sandbox, port: number, protocol: Protocol): boolean =>
  protocol === 'UDP' ? datagramListenerOn(sandbox, port) !== undefined : listenerOn(sandbox, port, protocol) !== undefined;

/** All ports that somebody listens on in a sandbox's network, in their order. */
export const listeningOn = (sandbox: Sandbox): readonly ListeningPort[] =>
  [...sharingNetwork(sandbox)]
    .flatMap(({ containers }) => containers.flatMap(({ sockets }) => sockets.listening()))
    .sort((a, b) => a.port - b.port);

/** Whether another container than this one listens on a port. */
export function isTaken(port: number, protocol: Protocol, own: SimulatedContainer): boolean {
  const isHeard = (container: SimulatedContainer) =>
    protocol === 'UDP'
      ? container.sockets.datagramListenerOn(port) !== undefined
      : container.sockets.listenerOn(port, protocol) !== undefined;
  return firstOf(own.sandbox, (container) => (container !== own && isHeard(container) ? true : undefined)) ?? false;
}

/** Ports that the containers of a sandbox name. */
export const namedPortsOf = ({ containers }: Pick<Sandbox, 'containers'>): ReadonlyMap<string, number> =>
  new Map(
    containers.flatMap(({ config }) => config.ports.filter(({ name }) => name !== '').map((port) => [port.name, port.containerPort])),
  );
