import { parseJson } from '../../api/index.ts';
import { type AnyMessage, bodies, decodeProtobuf, parseYaml } from '../../api/schema.ts';
import { bodyOf } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { mediaType } from './decode-body.ts';
import type { Kinds } from './kinds.ts';
import { ENCODING_OF } from './negotiation.ts';

/** What is sent to resources beside their objects, by its kind. */
const OTHERS: ReadonlyMap<string, AnyMessage> = new Map<string, AnyMessage>([
  ['Binding', bodies.binding],
  ['DeleteOptions', bodies.deleteOptions],
  ['Eviction', bodies.eviction],
  ['Scale', bodies.scale],
  ['TokenRequest', bodies.tokenRequest],
]);

/** A request's body as JSON, for the audit log; undefined when there is none, or when it is nothing that was understood. */
export function requestObject({ request, info }: Exchange, kinds: Kinds): unknown {
  const bytes = bodyOf(request);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const type = mediaType(request.headers['content-type']);
  try {
    if (ENCODING_OF.get(type) === 'protobuf') {
      const body = decodeProtobuf(bytes);
      const message = OTHERS.get(body.kind) ?? kinds.endpointOf(info)?.resource.type.message;
      return message && body.decode(message);
    }
    return type.endsWith('yaml') ? parseYaml(bytes.toString()) : parseJson(bytes.toString());
  } catch {
    return undefined; // it was refused, and the answer says why
  }
}
