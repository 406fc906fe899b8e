import { basePathOf, type KubeObject } from '../../api/index.ts';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import type { Random } from '../../runtime/index.ts';
import { arbitraryObject } from './arbitrary.ts';

/** A request as a client that means no good, or knows no better, would send it. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

type Values = readonly [string, ...string[]];

const METHODS: Values = ['GET', 'GET', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];
const NAMES: Values = [
  'a',
  'b',
  'c',
  'kube-root-ca.crt',
  'A_b',
  '..',
  '%2e%2e',
  '%00',
  '%C3%BC',
  '-',
  `${'x'.repeat(300)}`,
  'a%2Fb',
  '__proto__',
];
const NAMESPACES: Values = ['default', 'default', 'default', 'kube-system', 'missing', 'Wrong_Name', '%20'];
const SUBRESOURCES: Values = [
  'status',
  'scale',
  'eviction',
  'binding',
  'log',
  'exec',
  'token',
  'finalize',
  'ephemeralcontainers',
  'resize',
  'proxy/x',
  'nothing',
];
const ROOTS: Values = [
  '/',
  '/api',
  '/apis',
  '/api/v1',
  '/apis/apps',
  '/apis/apps/v1',
  '/apis/nothing/v1',
  '/openapi/v2',
  '/openapi/v3',
  '/version',
  '/healthz/x',
  '/metrics',
  '//api//v1',
  '/%zz',
];
const ACCEPTS: Values = [
  'application/json',
  '*/*',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=Table;v=v9;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/cbor',
  'text/html',
  ';;;,',
  '',
];
const PATCH_TYPES: Values = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
  'text/plain',
];
const BODY_TYPES: Values = [
  'application/json',
  'application/json',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'text/plain',
  '',
  'a/b;c',
];
const ENCODINGS: Values = ['gzip', 'deflate', 'br', 'identity', 'nonsense'];

/** Query parameters with values good and bad. */
const PARAMETERS: Readonly<Record<string, Values>> = {
  labelSelector: ['a=b', 'a in (b,c)', 'a notin ()', '!a', 'a==b,c!=d', 'a in (b', 'a b c', '=', ',,,', 'x/y/z=1', 'a>1,b<x', '%'],
  fieldSelector: [
    'metadata.name=a',
    'metadata.namespace!=x',
    'spec.nodeName=',
    'status.phase=Running,metadata.name=a',
    'nothing=1',
    '=',
    'a\\=b',
    'metadata.name',
  ],
  limit: ['0', '1', '3', '-1', '99999999999999999999', 'x'],
  continue: ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', 'e30', '%00'],
  resourceVersion: ['0', '1', '', '5', '-1', '99999999999', 'x', '18446744073709551616'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'Whatever', ''],
  watch: ['0', '1', 'true', 'maybe'],
  timeoutSeconds: ['0', '-1', 'x'],
  allowWatchBookmarks: ['true', 'x'],
  sendInitialEvents: ['true', 'false', 'x'],
  dryRun: ['All', 'Some', ''],
  fieldManager: ['me', `${'m'.repeat(200)}`, 'a b', '\u0007'],
  fieldValidation: ['Ignore', 'Warn', 'Strict', 'strict'],
  force: ['true', 'false', 'x'],
  propagationPolicy: ['Orphan', 'Background', 'Foreground', 'Nothing'],
  gracePeriodSeconds: ['0', '1', '-1', 'x'],
  orphanDependents: ['true', 'x'],
  pretty: ['true', 'x'],
  includeObject: ['None', 'Object', 'All'],
};

/** Values that a place in an object may suddenly have. */
const ODDITIES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e300,
  '',
  'x',
  '\u0000',
  '💥',
  '1Gi',
  '-5',
  '2026-01-01T00:00:00Z',
  [],
  [null],
  [[]],
  {},
  { a: null },
  { '': 0 },
  { $patch: 'delete' },
  { $patch: 'replace' },
  { $patch: 'x' },
  { '$setElementOrder/containers': [{ name: 'x' }] },
  { '$deleteFromPrimitiveList/finalizers': ['x'] },
  { $retainKeys: ['type'] },
  ['a', 1, null, {}],
  'a'.repeat(70_000),
];
const POINTERS: Values = [
  '',
  '/',
  '/metadata',
  '/metadata/labels',
  '/metadata/labels/a~1b',
  '/metadata/name',
  '/spec',
  '/spec/containers/0',
  '/spec/containers/-',
  '/spec/containers/99',
  '/a/b/c',
  '/metadata/annotations/-',
  'x',
  '/~2',
  '/__proto__/x',
  '/constructor/prototype/x',
  '/status',
];
const OPERATIONS: Values = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'nothing'];

/** Makes requests; the same seed makes the same ones. */
export class RequestFuzzer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param samples objects that there are, by collection path: what bodies are made from. */
  next(samples: ReadonlyMap<string, readonly KubeObject[]>): FuzzedRequest {
    const method = this.#pick(METHODS);
    const target = this.#target();
    const query = this.#query();
    const headers: Record<string, string> = {};
    if (this.#chance(0.7)) headers.accept = this.#pick(ACCEPTS);
    if (this.#chance(0.1)) headers['accept-encoding'] = this.#pick(ENCODINGS);
    if (this.#chance(0.05)) headers['impersonate-user'] = this.#pick(['bob', '', 'system:admin']);
    const path = `${target.path}${query === '' ? '' : `?${query}`}`;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE') return { method, path, headers };
    headers['content-type'] = method === 'PATCH' && this.#chance(0.9) ? this.#pick(PATCH_TYPES) : this.#pick(BODY_TYPES);
    if (this.#chance(0.03)) headers['content-encoding'] = this.#pick(ENCODINGS);
    return { method, path, headers, body: this.#body(method, headers['content-type'], samples.get(target.collection) ?? []) };
  }

  #target(): { path: string; collection: string } {
    if (this.#chance(0.05)) return { path: this.#pick(ROOTS), collection: '' };
    const kind = BUILT_IN_KINDS[this.#random.integer(BUILT_IN_KINDS.length)];
    if (!kind) return { path: '/', collection: '' };
    const { info } = kind;
    const base = basePathOf(info);
    const scope = info.namespaced !== this.#chance(0.03) ? `/namespaces/${this.#pick(NAMESPACES)}` : '';
    const collection = `${base}${info.namespaced ? '/namespaces/default' : ''}/${info.resource}`;
    let path = `${base}${scope}/${info.resource}`;
    if (this.#chance(0.75)) path += `/${this.#chance(0.8) ? this.#pick(['a', 'b', 'c']) : this.#pick(NAMES)}`;
    if (this.#chance(0.2)) path += `/${this.#pick(SUBRESOURCES)}`;
    if (this.#chance(0.02)) path += '/';
    return { path, collection };
  }

  #query(): string {
    const names = Object.keys(PARAMETERS);
    const parts: string[] = [];
    while (this.#chance(0.35)) {
      const name = names[this.#random.integer(names.length)] ?? '';
      const value = this.#pick(PARAMETERS[name] ?? ['']);
      parts.push(this.#chance(0.05) ? `${name}=${value}` : `${name}=${encodeURIComponent(value)}`);
    }
    return parts.join('&').replaceAll(/[^!-~]/g, '+');
  }

  #body(method: string, contentType: string, samples: readonly KubeObject[]): Buffer | undefined {
    if (this.#chance(0.05)) return undefined;
    if (this.#chance(0.05)) return Buffer.from(Array.from({ length: this.#random.integer(200) }, () => this.#random.integer(256)));
    if (this.#chance(0.02))
      return Buffer.concat([Buffer.from('k8s\0'), Buffer.from(Array.from({ length: 60 }, () => this.#random.integer(256)))]);
    const value = this.#value(method, contentType, samples);
    const text = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? Number(member) : member)) ?? '';
    if (this.#chance(0.05)) return Buffer.from(text.slice(0, this.#random.integer(text.length + 1)));
    if (this.#chance(0.03)) return Buffer.from(text.replace('{', '{"metadata":{"name":"b"},'));
    return Buffer.from(text);
  }

  #value(method: string, contentType: string, samples: readonly KubeObject[]): unknown {
    if (contentType === 'application/json-patch+json') return this.#operations();
    if (method === 'DELETE') {
      return {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(this.#chance(0.5) ? { preconditions: { uid: this.#oddity() } } : {}),
        ...(this.#chance(0.2) ? { gracePeriodSeconds: this.#oddity() } : {}),
      };
    }
    const sample = samples[this.#random.integer(samples.length)];
    if (!sample || this.#chance(0.1)) return this.#arbitraryKind();
    const copy = structuredClone(sample) as unknown as Record<string, unknown>;
    if (this.#chance(0.3)) return this.#fragment(copy);
    for (let changes = this.#random.integer(4); changes > 0; changes--) this.#disturb(copy);
    return copy;
  }

  #operations(): unknown {
    return Array.from({ length: 1 + this.#random.integer(3) }, () => ({
      op: this.#pick(OPERATIONS),
      path: this.#pick(POINTERS),
      ...(this.#chance(0.8) ? { value: this.#oddity() } : {}),
      ...(this.#chance(0.4) ? { from: this.#pick(POINTERS) } : {}),
    }));
  }

  #arbitraryKind(): unknown {
    const kind = BUILT_IN_KINDS[this.#random.integer(BUILT_IN_KINDS.length)];
    return kind ? arbitraryObject(kind.message, this.#random) : {};
  }

  /** A part of an object, changed: what a patch may be. */
  #fragment(object: Record<string, unknown>): Record<string, unknown> {
    const keys = Object.keys(object);
    const kept = keys.filter(() => this.#chance(0.4));
    const part = Object.fromEntries(kept.map((key) => [key, object[key]]));
    this.#disturb(part);
    return part;
  }

  /** Changes one place somewhere within. */
  #disturb(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const container = value as Record<string, unknown>;
    const keys = Object.keys(container);
    const key = keys[this.#random.integer(keys.length)];
    if (key === undefined || this.#chance(0.08)) {
      container[this.#pick(['extra', 'name', '$patch', 'metadata', 'labels', 'x.y/z'])] = this.#oddity();
      return;
    }
    const child = container[key];
    if (typeof child === 'object' && child !== null && this.#chance(0.85)) this.#disturb(child);
    else if (this.#chance(0.2)) delete container[key];
    else container[key] = this.#oddity();
  }

  #oddity(): unknown {
    return structuredClone(ODDITIES[this.#random.integer(ODDITIES.length)]);
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  #pick(values: Values): string {
    return values[this.#random.integer(values.length)] ?? values[0];
  }
}
