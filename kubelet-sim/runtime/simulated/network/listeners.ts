import type { SimulatedContainer } from '../container.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Listener } from './listener.ts';

/** Those who share a network: the containers of a pod, or of all pods on the node's network. */
export const sharingNetwork = (sandbox: Sandbox): Iterable<Sandbox> => (sandbox.usesHostNetwork ? sandbox.node.onHostNetwork : [sandbox]);

/** Who listens on a TCP port of a sandbox's network. */
export function listenerOn(sandbox: Sandbox, port: number): Listener | undefined {
  for (const { containers } of sharingNetwork(sandbox))
    for (const container of containers) {
      const listener = container.listenerOn(port);
      if (listener) return listener;
    }
  return undefined;
}

/** Whether another container than this one listens on a port. */
export function isTaken(port: number, container: SimulatedContainer): boolean {
  for (const { containers } of sharingNetwork(container.sandbox))
    if (containers.some((other) => other !== container && other.listenerOn(port))) return true;
  return false;
}

/** Ports that the containers of a sandbox name. */
export const namedPortsOf = ({ containers }: Sandbox): ReadonlyMap<string, number> =>
  new Map(
    containers.flatMap(({ config }) => config.ports.filter(({ name }) => name !== '').map((port) => [port.name, port.containerPort])),
  );
