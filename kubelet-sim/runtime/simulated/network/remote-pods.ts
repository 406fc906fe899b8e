import type { Listener, Protocol } from './listener.ts';
import type { PolicyEnd } from './policy.ts';

/** Where traffic is to go, once services are out of the way: to a pod, or to a node's own network. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** Pods and nodes of other processes. */
export interface RemotePods {
  /** Who holds an address that nobody here has; undefined when no node says that it is its own. */
  holderOf(address: string): Promise<RemoteHolder | undefined>;
}

/** The process that holds an address. It looks at policies itself: it knows both ends. */
export interface RemoteHolder {
  /** Name of the node whose own address it is; undefined for a pod's. */
  readonly node?: string | undefined;
  /** @throws ConnectError when nobody listens there, or a policy is against it */
  connect(from: PolicyEnd, target: Target): Promise<Listener>;
  /** What is answered; undefined when nothing. @throws ConnectError refused when nobody listens there */
  datagram(from: PolicyEnd, target: Target, payload: string): Promise<string | undefined>;
  /** Whether an address answers a ping. */
  answersPing(address: string): Promise<boolean>;
}
