import { type KubeObject, parseApiVersion, parseJson, parseOwnJson } from '../../api/index.ts';
import { type AnyMessage, decode, decodeProtobuf, type Message, PROTOBUF_MAGIC } from '../../api/schema.ts';
import type { KeyValue } from '../../store/index.ts';
import { internalPackage, notRegistered } from '../rest/scheme.ts';
import { UnreadableObject } from './unreadable-object.ts';
import type { WireForm } from './wire-form.ts';

/** How values begin that are encrypted (k8s.io/apiserver, pkg/server/options/encryptionconfig). */
const SEALED = 'k8s:enc:';

/** Whether a value is encrypted. */
export const isSealed = (value: Buffer): boolean => value.toString('latin1', 0, SEALED.length) === SEALED;

type TypeMeta = Pick<WireForm, 'apiVersion' | 'kind'>;

/** Another version that objects of a kind may lie in the store in: upstream stores some in an older one, and older releases did more. */
export interface StoredVersion {
  /** Its message; versions that are served no more have none, and are only known as JSON, which is then converted as it lies. */
  readonly message?: AnyMessage | undefined;
  /** The object in the version that we store. */
  toStored(object: KubeObject): KubeObject;
}

/** What objects of a kind may lie in the store as. */
export interface StoredVersions {
  /** The version that we store; its message where it may be there as protobuf. */
  readonly wire: Pick<WireForm, 'apiVersion' | 'kind' | 'isStored'>;
  readonly message?: AnyMessage | undefined;
  /** Others, by their apiVersion; there are none unless given. */
  readonly other?: ((apiVersion: string) => StoredVersion | undefined) | undefined;
  /** Fills in what defaults have to say: not all of them are there in what was stored. Upstream decodes what it reads as it does bodies. */
  readonly setDefaults?: ((object: KubeObject) => void) | undefined;
}

/**
 * The object that another API server stored: as JSON, or as protobuf, which is what kube-apiserver stores unless told otherwise
 * (`--storage-media-type`). It was valid when it was written, and is not looked at again. What lies there as we write it is read as it lies.
 *
 * @throws UnreadableObject also when it was stored in a version that is not known.
 */
export function storedObject({ key, value }: Pick<KeyValue, 'key' | 'value'>, versions: StoredVersions): KubeObject {
  // Those who were not told how to open it read as upstream's identity transformer does.
  if (isSealed(value)) throw new UnreadableObject({ key, why: 'identity transformer tried to read encrypted data', sealed: true });
  try {
    if (versions.wire.isStored(value)) return parseOwnJson(value.toString()) as KubeObject;
    const object = read(value, versions);
    versions.setDefaults?.(object);
    return object;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableObject({ key, why, sealed: false }, { cause: error });
  }
}

function read(value: Buffer, versions: StoredVersions): KubeObject {
  const { wire, message } = versions;
  if (message && value.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) {
    const envelope = decodeProtobuf(value);
    const version = versionOf(envelope, versions);
    if (version.message) return version.toStored(envelope.decode(version.message as Message<KubeObject>));
    throw unknownVersion(envelope, wire);
  }
  const object = parsed(value.toString());
  const { apiVersion = wire.apiVersion, kind = wire.kind } = object;
  const version = versionOf({ apiVersion, kind }, versions);
  // What another server wrote need not have all that ours always have: an empty status.
  return version.toStored(version.message ? (decode(version.message, object).object as KubeObject) : object);
}

/** The version that an object says it is of. @throws Error when it is not known */
function versionOf(said: TypeMeta, { wire, message, other }: StoredVersions): StoredVersion {
  const isOurs = said.apiVersion === wire.apiVersion;
  const version = isOurs ? { message, toStored: (object: KubeObject) => object } : other?.(said.apiVersion);
  if (said.kind !== wire.kind || !version) throw unknownVersion(said, wire);
  return version;
}

/** @throws Error in the words of Go's decoder. */
function parsed(text: string): KubeObject {
  try {
    return parseOwnJson(text) as KubeObject;
  } catch {
    try {
      return parseJson(text) as KubeObject;
    } catch (error) {
      throw new Error(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

/** Upstream's words (apimachinery, `pkg/runtime/error.go`, `pkg/conversion/converter.go`). */
function unknownVersion({ apiVersion, kind }: TypeMeta, wire: TypeMeta): Error {
  const { group } = parseApiVersion(wire.apiVersion);
  if (kind === wire.kind) return new Error(notRegistered({ apiVersion, kind }));
  const { version } = parseApiVersion(apiVersion);
  return new Error(`converting (${version}.${kind}) to (${internalPackage({ group })}.${wire.kind}): unknown conversion`);
}
