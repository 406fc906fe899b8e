import {
  at,
  double,
  extensions,
  field,
  flag,
  free,
  givenDouble,
  givenFlag,
  integer,
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
 * An OpenAPI 3 document in protobuf: the messages of gnostic's `openapi.v3`, of which this writes what a Kubernetes document has. What may
 * be a reference instead is (1: itself, 2: the reference); field numbers are given at each use. Upstream: kube-openapi,
 * `pkg/handler3/handler.go` (`ToV3ProtoBinary`).
 */

/** What clients ask for: an old name of it too. */
export const GNOSTIC_V3_NAMES: readonly string[] = [
  'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
];
export const GNOSTIC_V3_MEDIA_TYPE = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';

type Encode = (node: JsonNode | undefined) => Pieces;

/** Writes an OpenAPI 3 document. */
export function* encodeGnosticV3(document: JsonObject): Steps<Buffer> {
  const components = document.components;
  const schemas = yield* namedInSteps(1, at(components, 'schemas'), schemaOrReference);
  return joined(
    message(
      text(1, document.openapi),
      field(2, message(text(1, at(document.info, 'title')), text(6, at(document.info, 'version')))),
      field(4, yield* namedInSteps(1, document.paths, pathItem)),
      field(
        5,
        message(
          ...present(at(components, 'schemas'), () => field(1, schemas)),
          ...present(at(components, 'securitySchemes'), (schemes) => field(7, message(...named(1, schemes, securityScheme)))),
        ),
      ),
    ),
  );
}

/** What something is, or where it is. */
const orReference =
  (encode: Encode): Encode =>
  (node) =>
    message(typeof at(node, '$ref') === 'string' ? field(2, message(text(1, at(node, '$ref')))) : field(1, encode(node)));

const securityScheme = orReference((node) =>
  message(text(1, at(node, 'type')), text(2, at(node, 'description')), text(3, at(node, 'name')), text(4, at(node, 'in'))),
);

const METHODS: Readonly<Record<string, number>> = { get: 4, put: 5, post: 6, delete: 7, options: 8, head: 9, patch: 10 };

const pathItem: Encode = (node) =>
  message(
    ...Object.entries(METHODS).flatMap(([method, number]) => present(at(node, method), (found) => field(number, operation(found)))),
    ...list(at(node, 'parameters')).map((found) => field(13, parameter(found))),
    ...extensions(14, node),
  );

const operation: Encode = (node) =>
  message(
    ...texts(1, at(node, 'tags')),
    text(3, at(node, 'description')),
    text(5, at(node, 'operationId')),
    ...list(at(node, 'parameters')).map((found) => field(6, parameter(found))),
    ...present(at(node, 'requestBody'), (found) => field(7, requestBody(found))),
    ...present(at(node, 'responses'), (found) => field(8, message(...named(2, found, response)))),
    flag(10, at(node, 'deprecated')),
    ...extensions(13, node),
  );

const parameter = orReference((node) =>
  message(
    text(1, at(node, 'name')),
    text(2, at(node, 'in')),
    text(3, at(node, 'description')),
    flag(4, at(node, 'required')),
    ...present(at(node, 'schema'), (found) => field(10, schemaOrReference(found))),
    ...extensions(14, node),
  ),
);

const requestBody = orReference((node) =>
  message(text(1, at(node, 'description')), ...content(2, node), flag(3, at(node, 'required')), ...extensions(4, node)),
);

const response = orReference((node) => message(text(1, at(node, 'description')), ...content(3, node), ...extensions(5, node)));

const content = (number: number, node: JsonNode | undefined): Pieces[] =>
  present(at(node, 'content'), (found) => field(number, message(...named(1, found, mediaType))));

const mediaType: Encode = (node) => message(...present(at(node, 'schema'), (found) => field(1, schemaOrReference(found))));

const schemaOrReference: Encode = (node) => orReference(schema)(node);

const LISTS: Readonly<Record<string, number>> = { allOf: 26, oneOf: 27, anyOf: 28 };

const schema: Encode = (node) =>
  message(
    flag(1, at(node, 'nullable')),
    ...present(at(node, 'externalDocs'), (found) => field(6, message(text(1, at(found, 'description')), text(2, at(found, 'url'))))),
    ...present(at(node, 'example'), (found) => field(7, free(found))),
    text(9, at(node, 'title')),
    ...limits(node),
    ...texts(23, at(node, 'required')),
    ...list(at(node, 'enum')).map((value) => field(24, free(value))),
    text(25, at(node, 'type')),
    ...Object.entries(LISTS).flatMap(([key, number]) => list(at(node, key)).map((found) => field(number, schemaOrReference(found)))),
    ...present(at(node, 'not'), (found) => field(29, schema(found))),
    ...present(at(node, 'items'), (found) => field(30, message(field(1, schemaOrReference(found))))),
    ...present(at(node, 'properties'), (found) => field(31, message(...named(1, found, schemaOrReference)))),
    ...present(at(node, 'additionalProperties'), (found) => field(32, additional(found))),
    ...present(at(node, 'default'), (found) => scalar(33, found)),
    text(34, at(node, 'description')),
    text(35, at(node, 'format')),
    ...extensions(36, node),
  );

const limits = (node: JsonNode | undefined): Pieces[] => [
  double(10, at(node, 'multipleOf')),
  double(11, at(node, 'maximum')),
  flag(12, at(node, 'exclusiveMaximum')),
  double(13, at(node, 'minimum')),
  flag(14, at(node, 'exclusiveMinimum')),
  integer(15, at(node, 'maxLength')),
  integer(16, at(node, 'minLength')),
  text(17, at(node, 'pattern')),
  integer(18, at(node, 'maxItems')),
  integer(19, at(node, 'minItems')),
  flag(20, at(node, 'uniqueItems')),
  integer(21, at(node, 'maxProperties')),
  integer(22, at(node, 'minProperties')),
];

const additional = (node: JsonNode): Pieces => message(typeof node === 'boolean' ? givenFlag(2, node) : field(1, schemaOrReference(node)));

/** Defaults that are objects or lists have no place in gnostic's message, and are left out. */
function scalar(number: number, node: JsonNode): Pieces {
  switch (typeof node) {
    case 'number':
      return field(number, message(givenDouble(1, node)));
    case 'boolean':
      return field(number, message(givenFlag(2, node)));
    case 'string':
      return field(number, message(field(3, Buffer.from(node, 'utf8'))));
    default:
      return message();
  }
}
