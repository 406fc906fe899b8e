// The specifications of other API servers in ours. Upstream: kube-aggregator, `pkg/controllers/openapi/aggregator`; kube-openapi,
// `pkg/aggregator`.
import { isDeepStrictEqual } from 'node:util';
import { type JsonNode, type JsonObject, REF_PREFIX } from './json-node.ts';
import type { Steps } from './steps.ts';

/** What another server says of one of its versions. */
export interface RemoteSpec {
  /** `apis/GROUP/VERSION` */
  readonly name: string;
  /** Where its OpenAPI 3 document is; undefined when there is none. */
  readonly url: string | undefined;
  /** Its OpenAPI 2 document, which may speak of more; undefined when there is none. */
  readonly v2: JsonObject | undefined;
}

const REF = '$ref';
/** Where other pieces are that several places refer to. */
const PIECES = ['definitions', 'parameters'] as const;
const PREFIX = { definitions: REF_PREFIX.v2, parameters: '#/parameters/' } as const;
/** Kinds that several versions share say so, each of its own. */
const KINDS = 'x-kubernetes-group-version-kind';

const isObject = (node: unknown): node is JsonObject => typeof node === 'object' && node !== null && !Array.isArray(node);
const objectAt = (node: JsonObject, name: string): JsonObject => {
  const value = node[name];
  return isObject(value) ? value : {};
};

/** Our OpenAPI 2 document with the paths of the others, each a step. Where names are taken by something else, theirs get a number. */
export function* mergeV2(own: JsonObject, specs: readonly RemoteSpec[]): Steps<JsonObject> {
  let merged = own;
  for (const { name, v2 } of specs) {
    if (v2) merged = addSpec(merged, v2, `/${name}/`);
    yield;
  }
  return merged;
}

function addSpec(own: JsonObject, spec: JsonObject, prefix: string): JsonObject {
  const paths = Object.fromEntries(Object.entries(objectAt(spec, 'paths')).filter(([path]) => path.startsWith(prefix)));
  const used = referencesOf(paths, spec);
  const renames = new Map<string, string>();
  for (const piece of PIECES) {
    const taken = objectAt(own, piece);
    const given = objectAt(spec, piece);
    for (const name of Object.keys(given)) {
      const ref = PREFIX[piece] + name;
      if (used.has(ref)) renames.set(ref, PREFIX[piece] + freeName(name, given, taken));
    }
  }
  const merged: Record<string, JsonNode | undefined> = { ...own };
  for (const piece of PIECES) {
    const entries = Object.entries(objectAt(spec, piece)).flatMap(([name, value]): [string, JsonNode][] => {
      const renamed = renames.get(PREFIX[piece] + name);
      return renamed === undefined ? [] : [[renamed.slice(PREFIX[piece].length), rename(value ?? null, renames)]];
    });
    if (entries.length > 0) merged[piece] = { ...Object.fromEntries(entries), ...objectAt(own, piece) };
  }
  return { ...merged, paths: { ...objectAt({ paths: rename(paths, renames) }, 'paths'), ...objectAt(own, 'paths') } };
}

/** The name itself where it is free or means the same, or with the first number with which it is or does. */
function freeName(name: string, given: JsonObject, taken: JsonObject): string {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}_v${i}`;
    if (taken[candidate] === undefined ? i === 1 || given[candidate] === undefined : isSame(taken[candidate], given[name]))
      return candidate;
  }
}

const isSame = (a: JsonNode | undefined, b: JsonNode | undefined): boolean => isDeepStrictEqual(withoutKinds(a), withoutKinds(b));

function withoutKinds(node: JsonNode | undefined): unknown {
  if (!isObject(node)) return node;
  const { [KINDS]: _, ...rest } = node;
  return rest;
}

/** Everything that a piece of a document refers to, and what that refers to. */
function referencesOf(start: JsonObject, spec: JsonObject): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: JsonNode | undefined): void => {
    if (Array.isArray(node)) for (const item of node) visit(item);
    if (!isObject(node)) return;
    const ref = node[REF];
    if (typeof ref === 'string' && !found.has(ref)) {
      found.add(ref);
      visit(targetOf(ref, spec));
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(start);
  return found;
}

function targetOf(ref: string, spec: JsonObject): JsonNode | undefined {
  const piece = PIECES.find((each) => ref.startsWith(PREFIX[each]));
  return piece && objectAt(spec, piece)[ref.slice(PREFIX[piece].length)];
}

function rename(node: JsonNode, renames: ReadonlyMap<string, string>): JsonNode {
  if (Array.isArray(node)) return node.map((item: JsonNode) => rename(item, renames));
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === REF && typeof value === 'string' ? (renames.get(value) ?? value) : rename(value ?? null, renames),
    ]),
  );
}
