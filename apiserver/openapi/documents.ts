import { bodies } from '../../api/schema.ts';
import { EMULATION_VERSION } from '../discovery/index.ts';
import { Definitions, PATCH_DEFINITION } from './definitions.ts';
import type { JsonObject } from './json-node.ts';
import {
  type Action,
  type Content,
  discoveryDocuments,
  isStruct,
  type Method,
  type OperationSpec,
  operationsOf,
  resourceDiscovery,
} from './operations.ts';
import { parameterWriter } from './parameters.ts';
import { type PathItem, withCommonParameters, withSharedParameters } from './path-parameters.ts';
import type { PublishedKind } from './published-kind.ts';
import { SCHEME_VERSIONS, SERVER_GROUPS } from './scheme-versions.ts';
import type { Steps } from './steps.ts';

const JSON_TYPE = 'application/json';
const OBJECT_TYPES = [JSON_TYPE, 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const LIST_TYPES = [...OBJECT_TYPES, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
/** Of custom resources. */
const UNSTRUCTURED_TYPES = [JSON_TYPE, 'application/yaml'];
const STRATEGIC = 'application/strategic-merge-patch+json';
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', STRATEGIC, 'application/apply-patch+yaml'];
const UNAUTHORIZED = { '401': { description: 'Unauthorized' } };
export const INFO = { title: 'Kubernetes', version: EMULATION_VERSION };
/** Of documents that only custom resources are in: those of another server, to upstream. */
const CUSTOM_INFO = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' };
export const BEARER = { BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' } };
const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/** The name of a kind's list: its own, where it goes by another. */
const listName = ({ info, message: { name } }: PublishedKind): string =>
  info.listKind === undefined ? `${name}List` : `${name.slice(0, name.lastIndexOf('.'))}.${info.listKind}`;

/**
 * Which kinds a definition stands for, lists and delete options included.
 *
 * @param isCustom whether in a document of custom resources.
 */
export function definitionKinds(all: readonly PublishedKind[], isCustom = false): ReadonlyMap<string, readonly JsonObject[]> {
  const kinds = new Map<string, readonly JsonObject[]>();
  const add = (name: string, group: string, version: string, kind: string) =>
    kinds.set(name, [...(kinds.get(name) ?? []), { group, kind, version }]);
  for (const kind of all) {
    const { info, message } = kind;
    add(message.name, info.group, info.version, info.kind);
    if (info.verbs.includes('list')) add(listName(kind), info.group, info.version, info.listKind ?? `${info.kind}List`);
  }
  add(bodies.status.name, '', 'v1', 'Status');
  add(bodies.scale.name, 'autoscaling', 'v1', 'Scale');
  add(bodies.eviction.name, 'policy', 'v1', 'Eviction');
  add(bodies.tokenRequest.name, 'authentication.k8s.io', 'v1', 'TokenRequest');
  add(bodies.apiVersions.name, '', 'v1', 'APIVersions');
  add(bodies.apiGroup.name, '', 'v1', 'APIGroup');
  add(bodies.apiGroupList.name, '', 'v1', 'APIGroupList');
  add(bodies.apiResourceList.name, '', 'v1', 'APIResourceList');
  const versions = new Set([...SCHEME_VERSIONS, ...all.filter(isStruct).map(({ info }) => `${info.group}/${info.version}`)]);
  for (const groupVersion of [...versions].sort()) {
    const [group = '', version = ''] = groupVersion.split('/');
    if (isCustom && SERVER_GROUPS.has(group)) continue;
    add(bodies.deleteOptions.name, group, version, 'DeleteOptions');
    add(bodies.watchEvent.name, group, version, 'WatchEvent');
  }
  return kinds;
}

/** Names of the server's own definitions. */
const reservedNames = (all: readonly PublishedKind[]): ReadonlySet<string> =>
  new Set(all.flatMap(({ message }) => ('schema' in message ? [] : [message.name])));

/** The OpenAPI 3 document of some kinds: those of one group and version. */
export function* documentV3(kinds: readonly PublishedKind[], all: readonly PublishedKind[]): Steps<JsonObject> {
  const isCustom = !kinds.some(isStruct);
  const definitions = new Definitions('v3', definitionKinds(all, isCustom), reservedNames(all));
  const parametersOf = parameterWriter('v3');
  const operations = [...resourceDiscovery(kinds), ...kinds.flatMap((kind) => operationsOf(kind, all))];
  const paths = yield* pathsOf(operations, (operation) => operationV3(operation, definitions, parametersOf(operation)));
  const schemas = yield* definitions.schemas();
  if (isCustom) return { openapi: '3.0.0', info: CUSTOM_INFO, paths, components: { schemas } };
  return { openapi: '3.0.0', info: INFO, paths, components: { schemas, securitySchemes: BEARER } };
}

/** The OpenAPI 3 documents of discovery itself, by name. */
export const discoveryDocumentsV3 = (all: readonly PublishedKind[]): ReadonlyMap<string, () => Steps<JsonObject>> =>
  new Map(
    [...discoveryDocuments(all)].map(([name, operation]) => [
      name,
      function* () {
        const definitions = new Definitions('v3', definitionKinds(all), reservedNames(all));
        const paths = { [operation.path]: { get: operationV3(operation, definitions, []) } };
        return { openapi: '3.0.0', info: INFO, paths, components: { schemas: yield* definitions.schemas(), securitySchemes: BEARER } };
      },
    ]),
  );

/** The OpenAPI 2 document of all kinds. */
export function* documentV2(
  all: readonly PublishedKind[],
  more: { readonly paths: Record<string, PathItem>; readonly definitions: JsonObject },
): Steps<JsonObject> {
  const definitions = new Definitions('v2', definitionKinds(all), reservedNames(all));
  const parametersOf = parameterWriter('v2');
  const about = [...discoveryDocuments(all).values(), ...resourceDiscovery(all)];
  const operations = [...about, ...all.flatMap((kind) => operationsOf(kind, all))];
  const rendered = yield* pathsOf(operations, (operation) => operationV2(operation, definitions, parametersOf(operation)));
  const { paths, parameters } = withSharedParameters({ ...rendered, ...more.paths });
  yield;
  return {
    swagger: '2.0',
    info: INFO,
    paths,
    definitions: { ...(yield* definitions.schemas()), ...more.definitions },
    parameters,
    securityDefinitions: BEARER,
    security: [{ BearerToken: [] }],
  };
}

/** What can be done at each path; an operation is a step. */
function* pathsOf(unsorted: readonly OperationSpec[], render: (operation: OperationSpec) => JsonObject): Steps<Record<string, PathItem>> {
  const paths: Record<string, Partial<Record<Method, JsonObject>>> = {};
  const operations = [...unsorted].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: render(operation) };
    yield;
  }
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, withCommonParameters(item)]));
}

const common = ({ description, tag, id }: OperationSpec): JsonObject => ({ description, tags: [tag], operationId: id });
const extensions = ({ action, kind }: OperationSpec): JsonObject =>
  kind
    ? {
        'x-kubernetes-action': action,
        'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version },
      }
    : {};

function bodyOf({ action, body, isStruct: hasOptions }: OperationSpec, definitions: Definitions): JsonObject | undefined {
  if (action === 'patch') return definitions.special(PATCH_DEFINITION);
  if (action === 'delete' || (action === 'deletecollection' && hasOptions)) return definitions.message(bodies.deleteOptions);
  return body && definitions.message(body);
}

function answerOf(content: Content, definitions: Definitions): JsonObject {
  switch (content.type) {
    case 'text':
      return { type: 'string' };
    case 'message':
      return definitions.message(content.message);
    case 'list':
      return definitions.list(listName(content.of), content.of.message, bodies.listMeta);
  }
}

/** What can be answered as a stream. */
const STREAMED: ReadonlySet<Action> = new Set<Action>(['list', 'watch', 'watchlist']);

function typesOf({ action, answer, isStruct: inProtobuf }: OperationSpec): readonly string[] {
  if (answer.type === 'text') return action === 'connect' ? ['*/*'] : ['text/plain', ...OBJECT_TYPES];
  if (!inProtobuf) return UNSTRUCTURED_TYPES;
  return STREAMED.has(action) ? LIST_TYPES : OBJECT_TYPES;
}

/** What a body may be in. */
function bodyTypesOf({ action, isStruct: inProtobuf }: OperationSpec): readonly string[] {
  if (action === 'discover') return OBJECT_TYPES;
  if (action !== 'patch') return inProtobuf ? ['*/*'] : UNSTRUCTURED_TYPES;
  return inProtobuf ? PATCH_TYPES : PATCH_TYPES.filter((type) => type !== STRATEGIC);
}

const contentOf = (types: readonly string[], schema: JsonObject): JsonObject =>
  Object.fromEntries(types.map((type): [string, JsonObject] => [type, { schema }]));

function operationV3(operation: OperationSpec, definitions: Definitions, parameters: readonly JsonObject[]): JsonObject {
  const body = bodyOf(operation, definitions);
  const content = contentOf(typesOf(operation), answerOf(operation.answer, definitions));
  const bodyTypes = bodyTypesOf(operation);
  return {
    ...common(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { content: contentOf(bodyTypes, body), ...(operation.method === 'delete' ? {} : { required: true }) } } : {}),
    responses: { ...responses(operation, { content }), ...UNAUTHORIZED },
    ...extensions(operation),
  };
}

function operationV2(operation: OperationSpec, definitions: Definitions, others: readonly JsonObject[]): JsonObject {
  const body = bodyOf(operation, definitions);
  const required = operation.method === 'delete' ? {} : { required: true };
  const parameters = [...(body ? [{ name: 'body', in: 'body', ...required, schema: body }] : []), ...others];
  return {
    ...common(operation),
    consumes: bodyTypesOf(operation),
    produces: typesOf(operation),
    schemes: ['https'],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { ...responses(operation, { schema: answerOf(operation.answer, definitions) }), ...UNAUTHORIZED },
    ...extensions(operation),
  };
}

const responses = ({ statuses }: OperationSpec, content: JsonObject): Record<string, JsonObject> =>
  Object.fromEntries(statuses.map((status) => [String(status), { description: PHRASES[status] ?? '', ...content }]));
