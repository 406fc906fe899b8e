import { basePathOf, type KindInfo, type SubresourceInfo } from '../../api/index.ts';
import { bodies } from '../../api/schema.ts';
import type { DefinitionSource } from './definitions.ts';
import type { PublishedKind } from './published-kind.ts';

export type Action =
  | 'list'
  | 'post'
  | 'get'
  | 'put'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'connect'
  | 'watch'
  | 'watchlist'
  | 'discover';
/** The actions that verbs stand for. */
type VerbAction = Exclude<Action, 'connect' | 'watch' | 'watchlist' | 'discover'>;
export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch' | 'options' | 'head';

/** What a body is: an object of a message, the list of a kind, a Status, or text. */
export type Content =
  | { readonly type: 'message'; readonly message: DefinitionSource }
  | { readonly type: 'list'; readonly of: PublishedKind }
  | { readonly type: 'text' };

/** One thing that can be done at a path, in no dialect. */
export interface OperationSpec {
  readonly path: string;
  readonly method: Method;
  readonly action: Action;
  readonly id: string;
  readonly tag: string;
  readonly description: string;
  /** Absent where the operation is about no kind. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
  /** Whether its objects are structs in Go, which protobuf and strategic merge patch take. */
  readonly isStruct: boolean;
  /** Absent where there is none; patches and delete options are told by the action. */
  readonly body: DefinitionSource | undefined;
  readonly answer: Content;
  readonly statuses: readonly number[];
  /** The kind of the options that a connection takes as parameters, or the name of a subresource that takes its own. */
  readonly options?: string | undefined;
}

/** Messages of bodies that are not their resource's own, by kind. */
const BODIES: Readonly<Record<string, DefinitionSource>> = {
  Scale: bodies.scale,
  Eviction: bodies.eviction,
  TokenRequest: bodies.tokenRequest,
};

const METHOD: Readonly<Record<VerbAction, Method>> = {
  list: 'get',
  post: 'post',
  get: 'get',
  put: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
};
const ACTION_OF_VERB: Readonly<Record<string, VerbAction>> = {
  list: 'list',
  create: 'post',
  get: 'get',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};
const STATUSES: Readonly<Record<VerbAction | 'connect', readonly number[]>> = {
  list: [200],
  get: [200],
  post: [200, 201, 202],
  put: [200, 201],
  patch: [200, 201],
  delete: [200, 202],
  deletecollection: [200],
  connect: [200],
};
const ID_VERB: Readonly<Record<VerbAction, string>> = {
  list: 'list',
  get: 'read',
  post: 'create',
  put: 'replace',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const small = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** `RbacAuthorization` of `rbac.authorization.k8s.io`, `Core` of the group without a name. */
const groupWord = (group: string): string =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('');

/** Everything that can be done with a kind, in the order of its paths. */
export function operationsOf(served: PublishedKind, all: readonly PublishedKind[]): OperationSpec[] {
  const { info } = served;
  const base = basePathOf(info);
  const collection = info.namespaced ? `${base}/namespaces/{namespace}/${info.resource}` : `${base}/${info.resource}`;
  const named = `${collection}/{name}`;
  const has = (verb: string) => info.verbs.some((own) => own === verb);
  const onCollection = ['list', 'create', 'deletecollection'].filter(has);
  const onObject = ['get', 'update', 'patch', 'delete'].filter(has);
  return [
    ...(info.namespaced && has('list') ? [acrossNamespaces(served, `${base}/${info.resource}`)] : []),
    ...onCollection.map((verb) => operation(served, collection, verb)),
    ...onObject.map((verb) => operation(served, named, verb)),
    ...info.subresources.flatMap((subresource) => subresourceOperations(served, subresource, { named, all })),
    ...(has('watch') && isStruct(served) ? watchOperations(served, base) : []),
  ];
}

/** The paths that were there before watch was a parameter. */
function watchOperations(served: PublishedKind, base: string): OperationSpec[] {
  const { info } = served;
  const { group, version, kind, resource, namespaced } = info;
  const prefix = `watch${groupWord(group)}${capital(version)}`;
  const common = {
    method: 'get',
    tag: tagOf(info),
    kind: { group, version, kind },
    isStruct: true,
    body: undefined,
    answer: { type: 'message', message: bodies.watchEvent },
    statuses: [200],
  } as const;
  const many = {
    ...common,
    action: 'watchlist',
    description: `watch changes to a list of ${kind}; deprecated: use the parameter watch of a list`,
  } as const;
  const place = namespaced ? `${base}/watch/namespaces/{namespace}/${resource}` : `${base}/watch/${resource}`;
  const word = `${namespaced ? 'Namespaced' : ''}${kind}`;
  return [
    ...(namespaced ? [{ ...many, path: `${base}/watch/${resource}`, id: `${prefix}${kind}ListForAllNamespaces` }] : []),
    { ...many, path: place, id: `${prefix}${word}List` },
    {
      ...common,
      action: 'watch',
      path: `${place}/{name}`,
      id: `${prefix}${word}`,
      description: `watch changes to a ${kind}; deprecated: use the parameter watch of a list, with a field selector of its name`,
    },
  ];
}

/** What tells of everything else. */
const discovery = (facts: Pick<OperationSpec, 'path' | 'id' | 'tag' | 'description'>, message: DefinitionSource): OperationSpec => ({
  ...facts,
  method: 'get',
  action: 'discover',
  isStruct: true,
  body: undefined,
  answer: { type: 'message', message },
  statuses: [200],
});

/** The documents at whose paths only discovery is, by name: `api`, `apis`, and one for each group. */
export function discoveryDocuments(kinds: readonly PublishedKind[]): ReadonlyMap<string, OperationSpec> {
  const found = new Map<string, OperationSpec>();
  for (const { group } of kinds.filter(isStruct).map(({ info }) => info)) {
    if (group === '')
      found.set(
        'api',
        discovery({ path: '/api/', id: 'getCoreAPIVersions', tag: 'core', description: 'get available API versions' }, bodies.apiVersions),
      );
    else found.set(`apis/${group}`, groupDiscovery(group));
  }
  found.set(
    'apis',
    discovery({ path: '/apis/', id: 'getAPIVersions', tag: 'apis', description: 'get available API versions' }, bodies.apiGroupList),
  );
  return found;
}

function groupDiscovery(group: string): OperationSpec {
  const word = groupWord(group);
  return discovery(
    { path: `/apis/${group}/`, id: `get${word}APIGroup`, tag: small(word), description: 'get information of a group' },
    bodies.apiGroup,
  );
}

/** What tells of the resources of each group and version. */
export function resourceDiscovery(kinds: readonly PublishedKind[]): OperationSpec[] {
  const versions = new Map(kinds.filter(isStruct).map(({ info }) => [basePathOf(info), info]));
  return [...versions].map(([path, info]) =>
    discovery(
      {
        path: `${path}/`,
        id: `get${groupWord(info.group)}${capital(info.version)}APIResources`,
        tag: tagOf(info),
        description: 'get available resources',
      },
      bodies.apiResourceList,
    ),
  );
}

function operation(served: PublishedKind, path: string, verb: string): OperationSpec {
  const { info, message } = served;
  const action = ACTION_OF_VERB[verb] ?? 'get';
  const word = `${info.namespaced ? 'Namespaced' : ''}${info.kind}`;
  const answers: Content = action === 'list' ? { type: 'list', of: served } : { type: 'message', message };
  return {
    path,
    method: METHOD[action],
    action,
    id: `${ID_VERB[action]}${groupWord(info.group)}${capital(info.version)}${action === 'deletecollection' ? 'Collection' : ''}${word}`,
    tag: tagOf(info),
    description: sentence(action, info.kind),
    kind: { group: info.group, version: info.version, kind: info.kind },
    isStruct: isStruct(served),
    body: action === 'post' || action === 'put' ? message : undefined,
    answer: answersStatus(served, action) ? { type: 'message', message: bodies.status } : answers,
    statuses: statusesOf(served, action),
  };
}

/** Of custom resources nobody is told that a patch can make one. */
const statusesOf = (served: PublishedKind, action: VerbAction): readonly number[] =>
  action === 'patch' && !isStruct(served) ? [200] : STATUSES[action];

/** What is gone is answered by a Status, unless the kind answers with the object. */
const answersStatus = ({ deleteReturnsObject = false }: PublishedKind, action: VerbAction): boolean =>
  action === 'deletecollection' || (action === 'delete' && !deleteReturnsObject);

/** Whether a kind is declared as a struct, rather than by a schema. */
export const isStruct = ({ message }: PublishedKind): boolean => 'fields' in message;

const acrossNamespaces = (served: PublishedKind, path: string): OperationSpec => ({
  ...operation(served, path, 'list'),
  id: `list${groupWord(served.info.group)}${capital(served.info.version)}${served.info.kind}ForAllNamespaces`,
});

const tagOf = ({ group, version }: KindInfo): string => `${small(groupWord(group))}_${version}`;

const SENTENCES: Readonly<Record<VerbAction, (kind: string) => string>> = {
  list: (kind) => `list or watch objects of kind ${kind}`,
  post: (kind) => `create a ${kind}`,
  get: (kind) => `read the specified ${kind}`,
  put: (kind) => `replace the specified ${kind}`,
  patch: (kind) => `partially update the specified ${kind}`,
  delete: (kind) => `delete a ${kind}`,
  deletecollection: (kind) => `delete collection of ${kind}`,
};
const sentence = (action: VerbAction, kind: string): string => SENTENCES[action](kind);

interface Place {
  readonly named: string;
  readonly all: readonly PublishedKind[];
}

function subresourceOperations(served: PublishedKind, subresource: SubresourceInfo, { named, all }: Place): OperationSpec[] {
  const { info, message } = served;
  const path = `${named}/${subresource.name}`;
  const group = subresource.group ?? info.group;
  const version = subresource.version ?? info.version;
  const connects = subresource.kind.endsWith('Options');
  const { kind } = subresource;
  const own = all.find(({ info: other }) => other.kind === kind && other.group === group && other.version === version);
  const body = kind === info.kind ? message : (own?.message ?? BODIES[kind]);
  if (!connects && !body) return [];
  // What a subresource of a custom resource takes is told as the kind of the resource.
  const told = isStruct(served) ? { group, version, kind } : { group: info.group, version: info.version, kind: info.kind };
  const common = { path, tag: tagOf(info), kind: told, isStruct: isStruct(served) };
  const methods = subresource.verbs.map((verb) => ACTION_OF_VERB[verb] ?? 'get');
  const word = `${info.namespaced ? 'Namespaced' : ''}${info.kind}${capital(subresource.name)}`;
  const prefix = `${groupWord(info.group)}${capital(info.version)}`;
  if (connects || !body) {
    // A proxy takes every method, at every path below it.
    const isProxy = subresource.name === 'proxy';
    const taken: readonly Method[] = [...methods.map((usual) => METHOD[usual]), ...(isProxy ? (['head', 'options'] as const) : [])];
    const places = [{ path, suffix: '' }, ...(isProxy ? [{ path: `${path}/{path}`, suffix: 'WithPath' }] : [])];
    return places.flatMap(({ path: place, suffix }) =>
      taken.map((method) => ({
        ...common,
        path: place,
        method,
        action: 'connect' as const,
        id: `connect${prefix}${capital(method)}${word}${suffix}`,
        description: `connect ${method.toUpperCase()} requests to ${subresource.name} of ${info.kind}`,
        body: undefined,
        answer: { type: 'text' as const },
        statuses: STATUSES.connect,
        options: kind,
      })),
    );
  }
  return methods.map((action) => ({
    ...common,
    method: METHOD[action],
    action,
    id: `${ID_VERB[action]}${prefix}${word}`,
    description: sentence(action, `${info.kind} ${subresource.name}`),
    body: action === 'post' || action === 'put' ? body : undefined,
    answer: subresource.name === 'log' ? { type: 'text' } : { type: 'message', message: body },
    statuses: statusesOf(served, action),
    options: subresource.name,
  }));
}
