// What a connection was asked for, as admission sees it: upstream's `PodExecOptions` and the like (api, `core/v1/types.go`), which clients give as
// parameters of the URL.
import { apiError, goQuote, type KubeObject } from '../../api/index.ts';
import { admissionAttributes, objectKind } from '../admission/plugin.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { contextOf, type Rest } from './rest.ts';

/** The options of a connection; which there are depends on the subresource. Plugins may change them. */
export interface ConnectOptions {
  readonly kind: string;
  readonly apiVersion: string;
  stdin?: boolean | undefined;
  stdout?: boolean | undefined;
  stderr?: boolean | undefined;
  tty?: boolean | undefined;
  container?: string | undefined;
  command?: string[] | undefined;
  ports?: number[] | undefined;
  /** Proxies: the path behind the subresource. */
  path?: string | undefined;
}

const PORT_MAX = 65_535;

const flag = (exchange: Exchange, name: string): true | undefined => (isTrue(exchange.parameter(name) ?? null) ? true : undefined);

const many = (exchange: Exchange, name: string): string[] | undefined => {
  const values = exchange.query?.getAll(name) ?? [];
  return values.length > 0 ? values : undefined;
};

const streams = (exchange: Exchange): Partial<ConnectOptions> => ({
  stdin: flag(exchange, 'stdin'),
  stdout: flag(exchange, 'stdout'),
  stderr: flag(exchange, 'stderr'),
  tty: flag(exchange, 'tty'),
  container: exchange.parameter('container') || undefined,
});

/** Upstream: `Convert_Slice_string_To_Slice_int32`, apimachinery, `pkg/apis/meta/v1/conversion.go`. */
function portOf(text: string): number {
  const refuse = (why: string) => apiError.badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${goQuote(text)}: ${why}`);
  if (!/^\d+$/.test(text)) throw refuse('invalid syntax');
  const port = Number(text);
  if (port > PORT_MAX) throw refuse('value out of range');
  return port;
}

const READ: Readonly<Record<string, (exchange: Exchange) => Partial<ConnectOptions>>> = {
  exec: (exchange) => ({ ...streams(exchange), command: many(exchange, 'command') }),
  attach: streams,
  portforward: (exchange) => ({ ports: many(exchange, 'ports')?.flatMap((list) => list.split(',').map(portOf)) }),
  proxy: ({ info }) => ({ path: info.rest || undefined }),
};

/**
 * Admits a connection before anything else is done for it.
 *
 * @returns what was asked for, as admission left it.
 * @throws ApiError of the plugin that refuses; (400) for a dry run, which a connection cannot be.
 */
export async function admitConnection(rest: Rest, exchange: Exchange): Promise<ConnectOptions> {
  const { namespace, name, subresource, group, resource } = exchange.info;
  if (exchange.query?.has('dryRun')) throw apiError.badRequest('dryRun is not supported');
  const kind = rest.endpointOf({ group, resource })?.resource.info;
  const read = READ[subresource];
  if (!kind || !read) throw new Error(`nothing connects to ${resource}/${subresource}`);
  const options: ConnectOptions = { kind: objectKind(kind, subresource).kind, apiVersion: 'v1', ...read(exchange) };
  const context = contextOf(rest, exchange, false);
  // Options are objects without metadata: what looks at metadata knows.
  const object = options as unknown as KubeObject;
  const attributes = admissionAttributes(context, { operation: 'CONNECT', kind, namespace, name, subresource, object, old: undefined });
  await rest.admission.admit(context, attributes);
  await rest.admission.validate(context, attributes);
  return options;
}
