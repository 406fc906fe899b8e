import { apiVersionOf, type KindInfo, type KubeObject } from '../../api/index.ts';
import { type AnyMessage, bodies, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import type { ServedVersions } from '../admission/matching/served-versions.ts';
import { type KindName, objectKind } from '../admission/plugin.ts';
import type { Resource } from '../registry/resource.ts';
import type { Kinds } from './kinds.ts';

const bodyKey = ({ group, version, kind }: KindName): string => `${apiVersionOf({ group, version })}/${kind}`;

/** What subresources take that is no view of the object itself. */
const BODIES: ReadonlyMap<string, AnyMessage> = new Map<string, AnyMessage>([
  ['autoscaling/v1/Scale', bodies.scale],
  ['v1/Binding', bodies.binding],
  ['policy/v1/Eviction', bodies.eviction],
  ['authentication.k8s.io/v1/TokenRequest', bodies.tokenRequest],
]);

/** The kinds as admission knows them. */
export class KindVersions implements ServedVersions {
  readonly #kinds: Kinds;

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
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

  read(raw: unknown, kind: KindInfo, subresource: string): KubeObject {
    const name = objectKind(kind, subresource);
    const resource = this.#resourceOf(kind);
    const isOwn = name.kind === kind.kind && name.group === kind.group && name.version === kind.version;
    const message = BODIES.get(bodyKey(name));
    const type = isOwn ? resource?.type : message && (typeOfMessage(message) as ObjectType);
    if (!type) return raw as KubeObject; // options of a connection, which have no schema
    const { object } = type.decode(raw);
    object.kind = name.kind;
    object.apiVersion = apiVersionOf(name);
    if (isOwn) resource?.strategy.setDefaults(object);
    return object;
  }

  #resourceOf(kind: KindInfo): Resource | undefined {
    return this.#kinds.endpointsOf(kind).find(({ resource }) => resource.info.version === kind.version)?.resource;
  }
}
