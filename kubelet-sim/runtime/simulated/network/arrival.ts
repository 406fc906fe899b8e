import type { NetworkPolicy } from '../../../../api/index.ts';
import type { Sandbox, SimulatedHost, SimulatedNode } from '../sandbox.ts';
import { addressLike } from './families.ts';
import { ConnectError } from './listener.ts';
import { isHeardOn, namedPortsOf } from './listeners.ts';
import { type NetworkUser, ownAddress } from './network-user.ts';
import { allows, type PolicyEnd, type Traffic } from './policy.ts';
import type { Target } from './remote-pods.ts';

/** Where traffic has come to: a sandbox of this process, and the port of its network. */
export interface Arrival {
  readonly sandbox: Sandbox;
  readonly port: number;
}

/**
 * Brings traffic to a pod or node of this process, wherever it comes from, as far as policies let it.
 *
 * @returns undefined when the address is nobody's here
 * @throws ConnectError `refused` for a node's port that nobody has, `timeout` when a policy drops it
 */
export async function arrive(host: SimulatedHost, from: PolicyEnd, target: Target): Promise<Arrival | undefined> {
  const { address, port, protocol } = target;
  const pod = host.network.get(address);
  const node = host.nodes?.get(address);
  if (!pod && !node) return undefined;
  const arrival = pod ? { sandbox: pod, port } : node && onNode(node, target);
  if (!arrival) throw new ConnectError('refused', { host: address, address, port });
  const to = await endOf(arrival.sandbox, address);
  const { node: on } = arrival.sandbox;
  const passes = await isAllowed(host, { from, to, port: arrival.port, protocol }, addressLike(address, on.address, on.secondAddress));
  if (!passes) throw new ConnectError('timeout', { host: address, address, port });
  return arrival;
}

/** Where a port of a node leads: to a pod that uses its network, or to one that has the port of it (`hostPort`). */
export function onNode(node: SimulatedNode, { address, port, protocol }: Target): Arrival | undefined {
  for (const sandbox of node.onHostNetwork) if (isHeardOn(sandbox, port, protocol)) return { sandbox, port };
  for (const sandbox of node.sandboxes()) {
    const mapped = sandbox.config.portMappings?.find(
      (mapping) => mapping.hostPort === port && mapping.protocol === protocol && isOf(mapping.hostIP, address),
    );
    if (mapped && sandbox.isReady) return { sandbox, port: mapped.containerPort };
  }
  return undefined;
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);
const isOf = (hostIP: string, address: string): boolean => ANY_ADDRESS.has(hostIP) || hostIP === address;

/** An end of traffic as policies see it: pods on the node's network are the node to them. @param other address at the other end */
export async function endOf(user: NetworkUser, other: string): Promise<PolicyEnd> {
  const { config, usesHostNetwork, host } = user;
  // A node is in no namespace.
  const namespaceLabels = (config.namespace === '' ? undefined : await host.directory?.namespaceLabels(config.namespace)) ?? {};
  const labels = usesHostNetwork ? undefined : (config.resources?.labels ?? config.labels ?? {});
  return { ip: ownAddress(user, other), namespace: config.namespace, labels, namespaceLabels, namedPorts: namedPortsOf(user) };
}

/** A pod always reaches itself, and is reached by its node: probes and whatever else runs there. */
async function isAllowed(host: SimulatedHost, traffic: Traffic, nodeOfTarget: string): Promise<boolean> {
  const { from, to } = traffic;
  if (from.ip === to.ip || (from.labels === undefined && from.ip === nodeOfTarget)) return true;
  return (await passes(host, 'Egress', traffic)) && (await passes(host, 'Ingress', traffic));
}

/** Whether the policies at one end let traffic pass. */
export async function passes({ directory }: SimulatedHost, direction: 'Ingress' | 'Egress', traffic: Traffic): Promise<boolean> {
  const own = direction === 'Ingress' ? traffic.to : traffic.from;
  if (!directory || own.labels === undefined) return true;
  const policies: readonly NetworkPolicy[] = await directory.policies(own.namespace);
  return allows(policies, direction, traffic);
}
