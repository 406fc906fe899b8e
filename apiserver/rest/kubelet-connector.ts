import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { apiError, coreKinds, type ErrorSubject, type Node, type Pod } from '../../api/index.ts';
import { type Dial, trusting, VerifyingAgent } from '../../runtime/index.ts';
import { wasStale } from '../http/stale-connection.ts';
import { answerOf, Upgraded } from '../pipeline/upgraded.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { plainError } from '../registry/store-errors.ts';
import { type Address, inGo, type PodDialer } from '../webhook/index.ts';

/** Port of a kubelet whose node does not say. */
const KUBELET_PORT = 10250;

/** Which of a node's addresses to use, most wanted first. */
export const DEFAULT_ADDRESS_TYPES = ['InternalDNS', 'InternalIP', 'Hostname', 'ExternalDNS', 'ExternalIP'];

/** A certificate and its key: PEM. */
export interface KubeletIdentity {
  readonly certificate: string;
  readonly key: string;
}

export interface KubeletOptions {
  /** PEMs the API server shows to kubelets, the same object until they change; absent: none. */
  readonly identity?: (() => KubeletIdentity) | undefined;
  /** PEM of the CA of kubelets' serving certificates; absent: not checked, as upstream. */
  readonly ca?: string | undefined;
  readonly addressTypes: readonly string[];
  /** The way into the cluster; direct unless given. */
  readonly dial?: Dial | undefined;
}

/** Where a kubelet listens. */
export interface KubeletAddress {
  /** The node whose kubelet it is: what the `Host` header names, since kubelets of simulated nodes share a port. */
  readonly node: string;
  readonly host: string;
  readonly port: number;
}

export interface KubeletRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders | undefined;
  readonly body?: Readable | undefined;
  /** Whether the kubelet may be anybody (`insecureSkipTLSVerifyBackend`). */
  readonly isUnverified?: boolean | undefined;
  /** Whether it is for what a container has written, of which it is counted when the kubelet is not who it should be. */
  readonly isForLogs?: boolean | undefined;
  readonly signal: AbortSignal;
}

export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: string[];
  readonly signal?: AbortSignal | undefined;
}

/** Talks to kubelets on behalf of clients. */
export class KubeletConnector implements PodDialer {
  readonly #options: KubeletOptions;
  readonly #objects: ObjectReader;
  #connections: Connections;
  /** Requests for what containers have written: whether kubelets were to be verified, and how many could not be. */
  readonly logRequests = { enforced: 0, skipped: 0, unverified: 0 };

  constructor(options: KubeletOptions, objects: ObjectReader) {
    this.#options = options;
    this.#objects = objects;
    this.#connections = connectionsOf(options);
  }

  close(): void {
    this.#connections.verified.destroy();
    this.#connections.trusting.destroy();
  }

  /** Connections with what is shown now: those with what was shown before end, as upstream's do (client-go, `transport/cert_rotation.go`). */
  #current(): Connections {
    if (this.#options.identity?.() !== this.#connections.identity) {
      this.close();
      this.#connections = connectionsOf(this.#options);
    }
    return this.#connections;
  }

  /**
   * @param requested what is said not to be there when the node is not: upstream's storage tells it of the resource that the request is for.
   * @throws ApiError (404, 500) when there is no such node, or it has no address.
   */
  locate(nodeName: string, requested: ErrorSubject = coreKinds.nodes): KubeletAddress {
    const node = this.#objects.get<Node>(coreKinds.nodes, '', nodeName);
    if (!node) throw apiError.notFound(requested, nodeName);
    const addresses = node.status?.addresses ?? [];
    for (const wanted of this.#options.addressTypes) {
      const found = addresses.find(({ type, address }) => type === wanted && address !== '');
      if (found) return { node: nodeName, host: found.address, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT };
    }
    throw plainError(
      `no preferred addresses found; known addresses: [${addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ')}]`,
    );
  }

  /** Sends a request; resolves with the kubelet's answer, whose body is yet to be read. @throws ApiError (500) when it cannot be reached. */
  request(at: KubeletAddress, asked: KubeletRequest): Promise<IncomingMessage> {
    const { method, path, headers, body, signal, isUnverified } = asked;
    return new Promise((resolve, reject) => {
      const options = {
        host: at.host,
        port: at.port,
        servername: nameOf(at),
        method,
        path,
        headers: { ...headers, host: `${at.node}:${at.port}` },
        agent: isUnverified ? this.#current().trusting : this.#current().verified,
        signal,
      };
      const request: ClientRequest = https.request(options, resolve);
      request.once('error', (error) => {
        if (asked.isForLogs && isOfCertificate(error)) this.logRequests.unverified++;
        if (!body && wasStale(request, error)) resolve(this.request(at, asked));
        else reject(unreachable(method, at, path, error));
      });
      if (body) body.pipe(request);
      else request.end();
    });
  }

  /** Asks for a connection that is no longer HTTP's. @throws ApiError (500) when the kubelet cannot be reached. */
  async upgrade(at: KubeletAddress, asked: UpgradeRequest): Promise<IncomingMessage | Upgraded> {
    const { host, port } = at;
    const { method, path, headers, signal } = asked;
    const common = { host, port, servername: nameOf(at), method, path, headers, agent: this.#current().verified };
    // A connection that is kept serves, too: it leaves the agent when it is upgraded.
    const request = https.request(signal ? { ...common, signal } : common);
    try {
      return await answerOf(request);
    } catch (error) {
      if (wasStale(request, error)) return await this.upgrade(at, asked);
      throw unreachable(method, at, path, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Nodes that are simulated pass bytes on; any other does not know the path, and its pods are on a network. */
  async dial({ host, port, pod: named }: Address): Promise<Duplex | undefined> {
    if (this.#options.dial) return await this.#options.dial({ host, port });
    const pod = named && this.#objects.get<Pod>(coreKinds.pods, named.namespace, named.name);
    const { nodeName } = pod?.spec ?? {};
    if (!pod || !nodeName || !pod.status.podIPs?.some(({ ip }) => ip === host)) return undefined;
    const at = this.locate(nodeName);
    const headers = ['Host', `${at.node}:${at.port}`, 'Connection', 'Upgrade', 'Upgrade', 'tcp'];
    const path = `/podProxy/${pod.metadata.namespace}/${pod.metadata.name}/${port}`;
    const answer = await this.upgrade(at, { method: 'GET', path, headers });
    if (answer instanceof Upgraded) return answer.release();
    answer.destroy();
    if (answer.statusCode !== NOBODY_LISTENS) return undefined;
    throw Object.assign(new Error('connect: connection refused'), { code: 'ECONNREFUSED' });
  }
}

/** Whether a connection came to nothing because of a certificate. */
const isOfCertificate = (error: NodeJS.ErrnoException): boolean => /CERT|SIGNATURE/.test(error.code ?? '');

/** What a node answers that knows the pod, when nobody listens on the port. */
const NOBODY_LISTENS = 503;

/** The connections on which one certificate is shown. */
interface Connections {
  readonly identity: KubeletIdentity | undefined;
  readonly verified: https.Agent;
  /** For requests whose kubelets are not verified. */
  readonly trusting: https.Agent;
}

function connectionsOf({ identity, ca, dial }: KubeletOptions): Connections {
  const shown = identity?.();
  const verified = new VerifyingAgent({ dial, keepAlive: true, ...tlsOf(shown, ca) });
  return { identity: shown, verified, trusting: new VerifyingAgent({ dial, keepAlive: true, ...tlsOf(shown, undefined) }) };
}

/** The context is made once: to read certificate and key for each connection costs more than all else of an exec. */
function tlsOf(identity: KubeletIdentity | undefined, ca: string | undefined): https.AgentOptions {
  const own = identity ? { cert: identity.certificate, key: identity.key } : {};
  return { rejectUnauthorized: ca !== undefined, secureContext: createSecureContext({ ...trusting(ca), ...own }) };
}

/** What a kubelet's certificate is for: its address, whatever the `Host` header says. An IP is no name that can be asked for. */
const nameOf = ({ host }: KubeletAddress): string => (isIP(host) === 0 ? host : '');

/** Upstream's text for a kubelet that does not answer. */
function unreachable(method: string, { host, port }: KubeletAddress, path: string, error: Error) {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return plainError(`${verb} "https://${host}:${port}${path}": ${inGo(error, { host, port })}`);
}
