// Where parameters stand in a document: those that all operations of a path have beside the operations, and in version 2 each that may
// stand elsewhere too in one place, which the others refer to (kube-openapi, `pkg/builder/openapi.go` and `parameters.go`).
import type { JsonNode, JsonObject } from './json-node.ts';

/** What can be done at one path, by method, and `parameters`. */
export type PathItem = Readonly<Record<string, JsonNode | undefined>>;

/** Puts what all operations of a path take beside them. The same parameter must be the same object. */
export function withCommonParameters(operations: Readonly<Record<string, JsonObject>>): PathItem {
  const lists = Object.values(operations).map(parametersOf);
  const common = (lists[0] ?? []).filter((parameter) => !isBody(parameter) && lists.every((list) => list.includes(parameter)));
  if (common.length === 0) return operations;
  const own = Object.entries(operations).map(([method, operation]): [string, JsonObject] => {
    const { parameters: _, ...rest } = operation;
    const left = parametersOf(operation).filter((parameter) => !common.includes(parameter));
    return [method, left.length > 0 ? { ...rest, parameters: left } : rest];
  });
  return { ...Object.fromEntries(own), parameters: common };
}

/** Puts parameters of version 2 in one place, and references where they were. */
export function withSharedParameters(paths: Readonly<Record<string, PathItem>>): {
  readonly paths: Record<string, PathItem>;
  readonly parameters: JsonObject;
} {
  const names = new Map<JsonNode, string>();
  const shared = new Map<string, JsonNode>();
  const refer = (parameter: JsonNode): JsonNode => {
    if (!isObject(parameter) || isUnshared(parameter)) return parameter;
    const name = names.get(parameter) ?? sharedName(parameter);
    names.set(parameter, name);
    shared.set(name, parameter);
    return { $ref: `#/parameters/${name}` };
  };
  const inOperation = (operation: JsonObject): JsonObject =>
    Array.isArray(operation.parameters) ? { ...operation, parameters: operation.parameters.map(refer) } : operation;
  const inItem = (item: PathItem): PathItem =>
    Object.fromEntries(
      Object.entries(item).map(([key, value]) => [
        key,
        Array.isArray(value) ? value.map(refer) : isObject(value) ? inOperation(value) : value,
      ]),
    );
  const referring = Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, inItem(item)]));
  return { paths: referring, parameters: Object.fromEntries([...shared].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const isObject = (node: JsonNode | undefined): node is JsonObject => typeof node === 'object' && node !== null && !Array.isArray(node);

const parametersOf = ({ parameters }: JsonObject): readonly JsonNode[] => (Array.isArray(parameters) ? parameters : []);

const isBody = (parameter: JsonNode): boolean => isObject(parameter) && parameter.in === 'body';

/** Names say whose they are, bodies are of a kind, and the other two are what old clients look for where they always were. */
function isUnshared({ name, in: place, schema }: JsonObject): boolean {
  if (place !== 'body') return name === 'name' || (place === 'query' && (name === 'fieldValidation' || name === 'dryRun'));
  const ref = isObject(schema) ? schema.$ref : undefined;
  return typeof ref !== 'string' || !ref.startsWith('#/definitions/io.k8s.apimachinery');
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const HASH_BYTES = 6;

/** The parameter's name and a hash (FNV-1) of all that it says. */
function sharedName(parameter: JsonObject): string {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(JSON.stringify(parameter))) hash = BigInt.asUintN(64, hash * FNV_PRIME) ^ BigInt(byte);
  const bytes = Buffer.from(hash.toString(16).padStart(16, '0'), 'hex').subarray(0, HASH_BYTES);
  return `${String(parameter.name)}-${bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}
