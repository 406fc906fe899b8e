import {
  apiVersionOf,
  goEscaped,
  type KindInfo,
  type KubeObject,
  type ObjectMeta,
  parseApiVersion,
  stringifyJson,
} from '../../api/index.ts';
import { inGoOrder } from '../../api/schema.ts';
import { endOfString, memberIn } from './json-members.ts';

/** `}` */
const END = 0x7d;

/**
 * The two encoded forms of an object of one kind, and how one becomes the other without parsing. Members come in the order in which Go writes
 * them: those of structs as they are declared, those of custom resources, which are maps, by their names.
 *
 *     stored  {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"6…",…},"spec":…}
 *     served  {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"6…","resourceVersion":"7",…},"spec":…}\n
 *             └── itemAt ──────────────┘ list items start here, behind a `{`, and end before the `}` and the newline
 */
export class WireForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly listKind: string;
  /** Whether objects are maps to Go, which knows no struct for them: then items of a list say what they are. */
  readonly isUnstructured: boolean;
  /** Where the members of a list item begin in a served object: at `"metadata"`, or at its beginning. */
  readonly itemAt: number;
  /** Up to the members of the metadata; what all objects of structs begin with. */
  readonly #head: Buffer;
  readonly #headText: string;

  constructor(info: Pick<KindInfo, 'group' | 'version' | 'kind' | 'listKind'>, isUnstructured = false) {
    this.kind = info.kind;
    this.apiVersion = apiVersionOf(info);
    const opening = `{"kind":${JSON.stringify(this.kind)},"apiVersion":${JSON.stringify(this.apiVersion)},`;
    this.listKind = info.listKind ?? `${info.kind}List`;
    this.isUnstructured = isUnstructured;
    this.itemAt = isUnstructured ? 1 : Buffer.byteLength(opening);
    this.#headText = `${opening}"metadata":{`;
    this.#head = Buffer.from(this.#headText);
  }

  /** Encodes an object for the store, without its resourceVersion. */
  encode(object: KubeObject): Buffer {
    return Buffer.from(goEscaped(this.isUnstructured ? this.#mapText(object) : this.#structText(object)));
  }

  /** Metadata is never empty: it has a name. */
  #structText(object: KubeObject): string {
    let text = this.#headText + stringifyJson(inStructOrder(object.metadata)).slice(1);
    for (const [name, value] of Object.entries(object)) {
      if (value === undefined || name === 'metadata' || name === 'kind' || name === 'apiVersion') continue;
      text += `,${JSON.stringify(name)}:${stringifyJson(value)}`;
    }
    return `${text}}`;
  }

  #mapText(object: KubeObject): string {
    const metadata = { ...object.metadata, resourceVersion: undefined };
    return stringifyJson(inGoOrder({ ...object, kind: this.kind, apiVersion: this.apiVersion, metadata }));
  }

  /** Whether bytes from the store are laid out as {@link encode} does it. */
  isStored(stored: Buffer): boolean {
    const { length } = this.#head;
    return stored.length > length && stored[stored.length - 1] === END && stored.compare(this.#head, 0, length, 0, length) === 0;
  }

  /** Stored bytes of another version as those of this one, of which they differ in the name of the version alone. */
  renamed(stored: Buffer, from: WireForm): Buffer {
    return Buffer.concat([this.#head, stored.subarray(from.#head.length)]);
  }

  /** The served form of stored bytes: the revision is at home behind the uid, among members that have an order by name in front of it. */
  serve(stored: Buffer, revision: number): Buffer {
    const metadata = this.#metadataIn(stored);
    const uid = memberIn(stored, metadata, UID);
    if (uid < 0) return spliced(stored, { from: metadata, to: metadata }, `${REVISION}${revision}",`, '\n');
    if (this.isUnstructured) return spliced(stored, { from: uid, to: uid }, `${REVISION}${revision}",`, '\n');
    const end = endOfString(stored, uid + UID.length);
    return spliced(stored, { from: end, to: end }, `,${REVISION}${revision}"`, '\n');
  }

  /** A served form with another revision. */
  withRevision(served: Buffer, from: number, to: number): Buffer {
    const at = memberIn(served, this.#metadataIn(served), REVISION) + REVISION.length;
    return spliced(served, { from: at, to: at + String(from).length }, String(to), '');
  }

  /** Where the members of an object's metadata begin. */
  #metadataIn(bytes: Buffer): number {
    return this.isUnstructured ? memberIn(bytes, 1, METADATA) + METADATA.length : this.#head.length;
  }
}

const METADATA = '"metadata":{';
const UID = '"uid":"';
const REVISION = '"resourceVersion":"';

/** Bytes with an ASCII text in the place of some of them, and one behind. */
function spliced(bytes: Buffer, { from, to }: { readonly from: number; readonly to: number }, text: string, after: string): Buffer {
  const whole = Buffer.allocUnsafeSlow(bytes.length - (to - from) + text.length + after.length);
  let at = bytes.copy(whole, 0, 0, from);
  at += whole.write(text, at, 'latin1');
  at += bytes.copy(whole, at, to);
  if (after !== '') whole.write(after, at, 'latin1');
  return whole;
}

/** In the order of Go's struct. A literal with all names: one that is new to the type has to be given its place. */
const inStructOrder = (meta: ObjectMeta): Required<{ [Name in keyof ObjectMeta]: unknown }> => ({
  name: meta.name,
  generateName: meta.generateName,
  namespace: meta.namespace,
  selfLink: meta.selfLink,
  uid: meta.uid,
  resourceVersion: undefined,
  generation: meta.generation,
  creationTimestamp: meta.creationTimestamp,
  deletionTimestamp: meta.deletionTimestamp,
  deletionGracePeriodSeconds: meta.deletionGracePeriodSeconds,
  labels: meta.labels,
  annotations: meta.annotations,
  ownerReferences: meta.ownerReferences,
  finalizers: meta.finalizers,
  managedFields: meta.managedFields,
});

/** The form of the version that a kind is written in; undefined when it is the one that is stored. */
export const writtenWire = ({ kind, writtenAs }: KindInfo): WireForm | undefined =>
  writtenAs === undefined ? undefined : new WireForm({ ...parseApiVersion(writtenAs), kind });
