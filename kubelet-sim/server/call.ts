import type { IncomingMessage } from 'node:http';
import { RequestError } from './request-error.ts';
import type { LocatedPod, ServedNode, ServedNodes } from './served-nodes.ts';

/**
 * A request to the kubelet of a node. All nodes of a process share a port, so a client says which it means as it does with web sites: by the
 * `Host` header, `node-0:10250`. Whoever names none of them asks for the only node there is, or for all together.
 */
export interface Call {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** Parts of the path, decoded; the first is the verb. */
  readonly segments: readonly string[];
  /** Undefined: all nodes. */
  readonly node: ServedNode | undefined;
  readonly nodes: ServedNodes;
}

export function callOf(request: IncomingMessage, nodes: ServedNodes): Call {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const [first, second] = nodes.all();
  return {
    request,
    url,
    segments: url.pathname.split('/').slice(1).map(decode),
    node: nodes.node(host) ?? (second ? undefined : first),
    nodes,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RequestError(400, `invalid URL escape ${JSON.stringify(text)}`);
  }
}

/** The node that is meant. @throws RequestError (400) when a process has several and none is named */
export function nodeOf({ node }: Call): ServedNode {
  if (node) return node;
  throw new RequestError(400, 'this process holds several nodes: name one in the Host header');
}

/** The pod that the path names behind its verb. @param missing what is said when there is none @throws RequestError (404) */
export function podOf({ nodes, node, segments: [, namespace = '', name = ''] }: Call, missing = 'pod does not exist'): LocatedPod {
  const located = nodes.locate(namespace, name);
  if (!located || (node && node.name !== located.node.name)) throw new RequestError(404, missing);
  return located;
}

/** The container that a path ends with, behind the pod's UID where that is given. */
export function containerOf({ segments }: Call): string {
  return segments[segments.length > 4 ? 4 : 3] ?? '';
}

/** The name under which access to a call is asked for. */
export function nodeNameOf(call: Call): string {
  const { node, nodes, segments } = call;
  return node?.name ?? nodes.locate(segments[1] ?? '', segments[2] ?? '')?.node.name ?? '';
}
