import type { Dialect, JsonObject } from './json-node.ts';
import type { OperationSpec } from './operations.ts';

/** A query or path parameter. */
interface ParameterSpec {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const query = (name: string, type: ParameterSpec['type'], description: string): ParameterSpec => ({ name, in: 'query', type, description });

const PRETTY = query('pretty', 'string', 'Print the answer for people to read.');
const DRY_RUN = query('dryRun', 'string', 'All: do everything but store the outcome.');
const FIELD_MANAGER = query('fieldManager', 'string', 'Who owns the fields that this request sets.');
const FIELD_VALIDATION = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
);
const FORCE = query('force', 'boolean', 'Take over fields that others own; for apply patches.');
const LABEL_SELECTOR = query('labelSelector', 'string', 'Only objects with these labels.');
const FIELD_SELECTOR = query('fieldSelector', 'string', 'Only objects with these values in these fields.');
const RESOURCE_VERSION = query('resourceVersion', 'string', 'The state to read, or to watch from.');
const RESOURCE_VERSION_MATCH = query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.');
const TIMEOUT = query('timeoutSeconds', 'integer', 'How long the request may take.');
const LIMIT = query('limit', 'integer', 'The most objects to answer; the rest is had with continue.');
const CONTINUE = query('continue', 'string', 'Where an earlier, limited answer ended.');
const SEND_INITIAL_EVENTS = query('sendInitialEvents', 'boolean', 'Begin a watch with the objects that are there, then a bookmark.');

const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, PRETTY];
const DELETE = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds the object is given to end.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Delete an object that cannot be read.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
  PRETTY,
];

const LIST = [
  query('allowWatchBookmarks', 'boolean', 'Send bookmarks in a watch.'),
  CONTINUE,
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  PRETTY,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  SEND_INITIAL_EVENTS,
  TIMEOUT,
  query('watch', 'boolean', 'Stream changes rather than answer a list.'),
];

const CONTAINER = query('container', 'string', 'The container; the only one, or the annotated one, unless given.');
const STREAMS = [
  CONTAINER,
  query('stderr', 'boolean', 'Whether to send what goes to standard error; yes unless given.'),
  query('stdin', 'boolean', 'Whether there is a standard input; no unless given.'),
  query('stdout', 'boolean', 'Whether to send what goes to standard output; yes unless given.'),
  query('tty', 'boolean', 'Whether there is a terminal; no unless given.'),
];
const PROXY = [query('path', 'string', 'The path to ask for.')];

/** The query parameters of connections, by the kind of their options, and of subresources that have their own. */
const BY_OPTIONS: Readonly<Record<string, readonly ParameterSpec[]>> = {
  PodAttachOptions: STREAMS,
  PodExecOptions: [query('command', 'string', 'The program, and once for each of its arguments.'), ...STREAMS],
  PodPortForwardOptions: [query('ports', 'integer', 'Ports to forward, for web sockets.')],
  PodProxyOptions: PROXY,
  ServiceProxyOptions: PROXY,
  NodeProxyOptions: PROXY,
  log: [
    CONTAINER,
    query('follow', 'boolean', 'Whether to go on as the log grows.'),
    query('insecureSkipTLSVerifyBackend', 'boolean', 'Do not check who the kubelet is.'),
    query('limitBytes', 'integer', 'The most bytes to answer.'),
    PRETTY,
    query('previous', 'boolean', 'The log of the container that ended before this one.'),
    query('sinceSeconds', 'integer', 'Only what was written in so many seconds.'),
    query('stream', 'string', 'Only one stream: All, Stdout or Stderr.'),
    query('tailLines', 'integer', 'Only so many lines, from the end.'),
    query('timestamps', 'boolean', 'Whether each line begins with when it was written.'),
  ],
};

/** The query parameters of each action. */
const BY_ACTION: Readonly<Record<string, readonly ParameterSpec[]>> = {
  get: [PRETTY],
  list: LIST,
  watch: LIST,
  watchlist: LIST,
  post: WRITE,
  put: WRITE,
  patch: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE, PRETTY],
  delete: DELETE,
  deletecollection: [
    CONTINUE,
    FIELD_SELECTOR,
    LABEL_SELECTOR,
    LIMIT,
    RESOURCE_VERSION,
    RESOURCE_VERSION_MATCH,
    SEND_INITIAL_EVENTS,
    TIMEOUT,
    ...DELETE,
  ],
  connect: [],
};

/** Where those of custom resources are others (apiextensions-apiserver, `pkg/controller/openapi/builder`). */
const OF_CUSTOM: Readonly<Record<string, readonly ParameterSpec[]>> = { get: [PRETTY, RESOURCE_VERSION], deletecollection: LIST };

/** The parameters in braces in a path. */
const pathParameters = (path: string): ParameterSpec[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    type: 'string',
    description: name === 'namespace' ? 'The namespace of the objects.' : name === 'name' ? 'The name of the object.' : `The ${name}.`,
  }));

/** Upstream: `sortParameters`. */
const byName = (a: ParameterSpec, b: ParameterSpec): number => (a.name === b.name ? (a.in < b.in ? -1 : 1) : a.name < b.name ? -1 : 1);

const inV2 = ({ name, in: place, type, description }: ParameterSpec): JsonObject => ({
  uniqueItems: true,
  type,
  description,
  name,
  in: place,
  ...(place === 'path' ? { required: true } : {}),
});
const inV3 = ({ name, in: place, type, description }: ParameterSpec): JsonObject => ({
  name,
  in: place,
  description,
  ...(place === 'path' ? { required: true } : {}),
  schema: { type, uniqueItems: true },
});
const WRITERS: Readonly<Record<Dialect, (parameter: ParameterSpec) => JsonObject>> = { v2: inV2, v3: inV3 };

/** Writes parameters; the same parameter is the same object each time. */
export function parameterWriter(
  dialect: Dialect,
): (operation: Pick<OperationSpec, 'path' | 'action' | 'options' | 'isStruct'>) => JsonObject[] {
  const written = new Map<string, JsonObject>();
  const write = (parameter: ParameterSpec): JsonObject => {
    const key = `${parameter.in} ${parameter.name} ${parameter.description}`;
    const node = written.get(key) ?? WRITERS[dialect](parameter);
    written.set(key, node);
    return node;
  };
  return ({ path, action, options = '', isStruct }) => {
    const own = BY_OPTIONS[options] ?? (isStruct ? undefined : OF_CUSTOM[action]) ?? BY_ACTION[action] ?? [];
    return [...pathParameters(path), ...own].sort(byName).map(write);
  };
}
