import {
  at,
  extensions,
  field,
  flag,
  free,
  joined,
  list,
  message,
  named,
  namedInSteps,
  type Pieces,
  present,
  text,
  texts,
} from './gnostic-pieces.ts';
import type { JsonNode, JsonObject } from './json-node.ts';
import type { Steps } from './steps.ts';

/*
 * An OpenAPI 2 document in protobuf, as kubectl up to 1.26 reads it: the messages of gnostic's `openapi.v2`, of which this writes what a
 * Kubernetes document has. Field numbers are given at each use; maps are lists of (1: name, 2: value); free values are YAML text, and JSON
 * is YAML.
 */

/** What clients ask for: an old name of it too. */
export const GNOSTIC_NAMES: readonly string[] = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];
/** What they are answered: `@` may not stand in a media type. */
export const GNOSTIC_MEDIA_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Writes an OpenAPI 2 document. */
export function* encodeGnostic(document: JsonObject): Steps<Buffer> {
  const encodeParameter = once(parameterItem);
  const pieces = message(
    text(1, document.swagger),
    field(2, message(text(1, at(document.info, 'title')), text(2, at(document.info, 'version')))),
    field(8, yield* namedInSteps(2, document.paths, (item) => pathItem(item, encodeParameter))),
    field(9, yield* namedInSteps(1, document.definitions, schema)),
    field(10, message(...named(1, document.parameters, parameter))),
    ...list(document.security).map((requirement) => field(12, message(...named(1, requirement, (scopes) => message(...texts(1, scopes)))))),
    field(13, message(...named(1, document.securityDefinitions, apiKey))),
  );
  return joined(pieces);
}

const apiKey = (node: JsonNode | undefined): Pieces =>
  message(
    field(2, message(text(1, at(node, 'type')), text(2, at(node, 'name')), text(3, at(node, 'in')), text(4, at(node, 'description')))),
  );

const METHODS: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 };

type EncodeParameter = (node: JsonNode) => Pieces;

/** Encodes each node once: the same few parameters stand in hundreds of places. */
function once(encode: EncodeParameter): EncodeParameter {
  const known = new Map<JsonNode, Pieces>();
  return (node) => {
    const pieces = known.get(node) ?? encode(node);
    known.set(node, pieces);
    return pieces;
  };
}

const pathItem = (node: JsonNode | undefined, encodeParameter: EncodeParameter): Pieces =>
  message(
    ...Object.entries(METHODS).flatMap(([method, number]) =>
      present(at(node, method), (found) => field(number, operation(found, encodeParameter))),
    ),
    ...list(at(node, 'parameters')).map((found) => field(9, encodeParameter(found))),
  );

const operation = (node: JsonNode, encodeParameter: EncodeParameter): Pieces =>
  message(
    ...texts(1, at(node, 'tags')),
    text(3, at(node, 'description')),
    text(5, at(node, 'operationId')),
    ...texts(6, at(node, 'produces')),
    ...texts(7, at(node, 'consumes')),
    ...list(at(node, 'parameters')).map((found) => field(8, encodeParameter(found))),
    field(9, message(...named(1, at(node, 'responses'), (found) => message(field(1, response(found)))))),
    ...texts(10, at(node, 'schemes')),
    ...extensions(13, node),
  );

/** A parameter, or a reference to one. */
function parameterItem(node: JsonNode): Pieces {
  const ref = at(node, '$ref');
  return ref === undefined ? message(field(1, parameter(node))) : message(field(2, message(text(1, ref))));
}

/** A body parameter, or one in the path or the query, whose messages differ in a few numbers. */
function parameter(node: JsonNode | undefined): Pieces {
  const place = at(node, 'in');
  const [required, name, description] = ['required', 'name', 'description'].map((key) => at(node, key));
  if (place === 'body') {
    const content = [text(1, description), text(2, name), text(3, place), flag(4, required), field(5, schema(at(node, 'schema')))];
    return message(field(1, message(...content)));
  }
  const inQuery = place === 'query';
  const content = message(
    flag(1, required),
    text(2, place),
    text(3, description),
    text(4, name),
    text(inQuery ? 6 : 5, at(node, 'type')),
    flag(inQuery ? 20 : 19, at(node, 'uniqueItems')),
  );
  return message(field(2, message(field(inQuery ? 3 : 4, content))));
}

const response = (node: JsonNode | undefined): Pieces =>
  message(text(1, at(node, 'description')), ...present(at(node, 'schema'), (found) => field(2, message(field(1, schema(found))))));

const schema = (node: JsonNode | undefined): Pieces =>
  message(
    text(1, at(node, '$ref')),
    text(2, at(node, 'format')),
    text(4, at(node, 'description')),
    ...texts(19, at(node, 'required')),
    ...list(at(node, 'enum')).map((value) => field(20, free(value))),
    ...present(at(node, 'additionalProperties'), (found) => field(21, message(field(1, schema(found))))),
    ...present(at(node, 'type'), (found) => field(22, message(text(1, found)))),
    ...present(at(node, 'items'), (found) => field(23, message(field(1, schema(found))))),
    ...present(at(node, 'properties'), (found) => field(25, message(...named(1, found, schema)))),
    ...extensions(31, node),
  );
