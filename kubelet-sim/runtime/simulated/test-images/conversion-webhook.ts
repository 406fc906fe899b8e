// `agnhost crd-conversion-webhook`: `hostPort` of stable.example.com/v1 is `host` and `port` of v2 (upstream `test/images/agnhost/crd-conversion-webhook`).
import type { Program } from '../program.ts';
import { type Answer, bodyOf, json, readyz, text, tlsServer } from './path-server.ts';

const PORT = 443;
const V1 = 'stable.example.com/v1';
const V2 = 'stable.example.com/v2';
const API_VERSIONS: ReadonlySet<unknown> = new Set(['apiextensions.k8s.io/v1', 'apiextensions.k8s.io/v1beta1']);

type CustomObject = Readonly<Record<string, unknown>>;

interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly CustomObject[];
}

/** An object that cannot be converted; the message is for whoever asked. */
class Unconvertible extends Error {
  override readonly name = 'Unconvertible';
}

/** @throws Unconvertible */
function convert(object: CustomObject, to: string): CustomObject {
  const { apiVersion: from } = object;
  if (from === to) throw new Unconvertible(`conversion from a version to itself should not call the webhook: ${to}`);
  if (from !== V1 && from !== V2) throw new Unconvertible(`unexpected conversion version ${JSON.stringify(from)}`);
  if (to !== (from === V1 ? V2 : V1)) throw new Unconvertible(`unexpected conversion version ${JSON.stringify(to)}`);
  return { ...(from === V1 ? toHostAndPort(object) : toHostPort(object)), apiVersion: to };
}

function toHostAndPort({ hostPort, ...rest }: CustomObject): CustomObject {
  if (hostPort === undefined) return rest;
  const [host, port, ...more] = String(hostPort).split(':');
  if (port === undefined || more.length > 0) throw new Unconvertible(`invalid hostPort value \`${String(hostPort)}\``);
  return { ...rest, host, port };
}

function toHostPort({ host, port, ...rest }: CustomObject): CustomObject {
  return host === undefined && port === undefined ? rest : { ...rest, hostPort: `${String(host ?? '')}:${String(port ?? '')}` };
}

function responseTo({ uid, desiredAPIVersion, objects }: ConversionRequest) {
  try {
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    return { uid, convertedObjects, result: { metadata: {}, status: 'Success' } };
  } catch (error) {
    if (!(error instanceof Unconvertible)) throw error;
    return { uid, convertedObjects: null, result: { metadata: {}, status: 'Failure', message: error.message } };
  }
}

const convertAll: Answer = (request) => {
  const { apiVersion, kind, request: asked } = bodyOf(request) as { apiVersion?: unknown; kind?: unknown; request: ConversionRequest };
  if (kind !== 'ConversionReview' || !API_VERSIONS.has(apiVersion))
    return Promise.resolve(text(400, `Unsupported group version kind: ${String(apiVersion)}, Kind=${String(kind)}\n`));
  return Promise.resolve(json({ kind, apiVersion, response: responseTo(asked) }));
};

export const conversionWebhook = (argv: readonly string[]): Program =>
  tlsServer({ argv, port: PORT, paths: { '/crdconvert': convertAll, '/readyz': readyz } });
