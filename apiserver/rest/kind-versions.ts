import { apiVersionOf, type KindInfo, type KubeObject, type ServedKind } from '../../api/index.ts';
import { type AnyMessage, bodies, DecodeError, isObject, type ObjectType, type ownership, typeOfMessage } from '../../api/schema.ts';
import type { ServedVersions } from '../admission/matching/served-versions.ts';
import { type KindName, objectKind } from '../admission/plugin.ts';
import type { Resource } from '../registry/resource.ts';
import type { Kinds } from './kinds.ts';
import { Scheme } from './scheme.ts';

const bodyKey = ({ group, version, kind }: KindName): string => `${apiVersionOf({ group, version })}/${kind}`;

/** What subresources take that is no view of the object itself. */
const BODIES: readonly (readonly [string, AnyMessage])[] = [
  ['autoscaling/v1/Scale', bodies.scale],
  ['policy/v1/Eviction', bodies.eviction],
  ['authentication.k8s.io/v1/TokenRequest', bodies.tokenRequest],
];

/** The kinds as admission knows them. */
export class KindVersions implements ServedVersions {
  readonly #kinds: Kinds;
  readonly #scheme: Scheme;
  /** The schemas of what is built in, stored or not. */
  readonly #messages: ReadonlyMap<string, AnyMessage>;

  constructor(kinds: Kinds, builtIn: readonly ServedKind[]) {
    this.#kinds = kinds;
    this.#scheme = new Scheme(builtIn.map(({ info }) => info));
    this.#messages = new Map([...BODIES, ...builtIn.map(({ info, message }) => [bodyKey(info), message] as const)]);
  }

  equivalents(kind: KindInfo, subresource: string): readonly KindInfo[] {
    const has = (info: KindInfo) => subresource === '' || info.subresources.some(({ name }) => name === subresource);
    return this.#kinds
      .endpointsBeside(kind)
      .filter(({ resource }) => !resource.isHidden && has(resource.info))
      .map(({ resource }) => resource.info);
  }

  convert(object: KubeObject, to: KindInfo, subresource: string): KubeObject | Promise<KubeObject> {
    const target = objectKind(to, subresource);
    if (object.apiVersion === apiVersionOf(target)) return object;
    const resource = this.#resourceOf(to);
    if (!resource?.convertFrom) throw new Error(`${object.kind} of ${object.apiVersion} cannot be converted to ${apiVersionOf(to)}`);
    return resource.convertFrom(object);
  }

  read(raw: unknown, kind: KindInfo, subresource: string, strict = false): KubeObject {
    const { name, resource, type } = this.#schemaOf(kind, subresource);
    if (!type) return raw as KubeObject; // options of a connection, which have no schema
    if (type.typeMetaOptional) this.#checkType(raw, name);
    const { object, unknown } = type.decode(raw);
    if (strict && unknown.length > 0) throw new DecodeError(`strict decoding error: ${unknown.join(', ')}`);
    object.kind = name.kind;
    object.apiVersion = apiVersionOf(name);
    resource?.strategy.setDefaults(object);
    return object;
  }

  /** What says that it is something must be what is wanted. @throws DecodeError */
  #checkType(raw: unknown, wanted: KindName): void {
    const given = isObject(raw) ? raw : {};
    const kind = String(given.kind ?? wanted.kind);
    const apiVersion = String(given.apiVersion ?? apiVersionOf(wanted));
    if (kind === wanted.kind && apiVersion === apiVersionOf(wanted)) return;
    const mismatch = this.#scheme.mismatch({ apiVersion, kind }, wanted);
    if (mismatch !== undefined) throw new DecodeError(mismatch);
  }

  applyType(kind: KindInfo, subresource: string): ownership.ApplyType | undefined {
    return this.#schemaOf(kind, subresource).type?.applyType;
  }

  /** What the object of a request is; its resource if it is no subresource's own. */
  #schemaOf(kind: KindInfo, subresource: string) {
    const name = objectKind(kind, subresource);
    const resource = bodyKey(name) === bodyKey(kind) ? this.#resourceOf(kind) : undefined;
    const message = this.#messages.get(bodyKey(name));
    return { name, resource, type: resource?.type ?? (message && (typeOfMessage(message) as ObjectType)) };
  }

  #resourceOf(kind: KindInfo): Resource | undefined {
    return this.#kinds.endpointsOf(kind).find(({ resource }) => resource.info.version === kind.version)?.resource;
  }
}
