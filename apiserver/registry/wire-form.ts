import { apiVersionOf, goEscaped, type KindInfo, type KubeObject, parseApiVersion, stringifyJson } from '../../api/index.ts';

/** `}` */
const END = 0x7d;

/**
 * The two encoded forms of an object of one kind, and how one becomes the other without parsing.
 *
 *     stored  {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a",…},"spec":…}
 *     served  {"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a",…},"spec":…}\n
 *             └──────────── head ───────────────────────┘└ digits ┘
 *             └── itemAt ──────────────┘ list items start here, behind a `{`, and end before the `}` and the newline
 */
export class WireForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly listKind: string;
  /** Whether items of a list say what they are, as Go's unstructured ones do. */
  readonly wholeItems: boolean;
  /** Where the members of a list item begin in a served object: at `"metadata"`, or at its beginning. */
  readonly itemAt: number;
  readonly #storedHeadText: string;
  readonly #storedHead: Buffer;
  readonly #head: Buffer;

  constructor(info: Pick<KindInfo, 'group' | 'version' | 'kind' | 'listKind'>, wholeItems = false) {
    this.kind = info.kind;
    this.apiVersion = apiVersionOf(info);
    const opening = `{"kind":${JSON.stringify(this.kind)},"apiVersion":${JSON.stringify(this.apiVersion)},`;
    this.listKind = info.listKind ?? `${info.kind}List`;
    this.wholeItems = wholeItems;
    this.itemAt = wholeItems ? 1 : Buffer.byteLength(opening);
    this.#storedHeadText = `${opening}"metadata":{`;
    this.#storedHead = Buffer.from(this.#storedHeadText);
    this.#head = Buffer.from(`${this.#storedHeadText}"resourceVersion":"`);
  }

  /** Encodes an object for the store: kind, apiVersion and metadata first, no resourceVersion. Metadata is never empty: it has a name. */
  encode(object: KubeObject): Buffer {
    const { metadata } = object;
    const kept = metadata.resourceVersion;
    metadata.resourceVersion = undefined;
    let text = this.#storedHeadText + stringifyJson(metadata).slice(1);
    metadata.resourceVersion = kept;
    for (const [name, value] of Object.entries(object)) {
      if (value === undefined || name === 'metadata' || name === 'kind' || name === 'apiVersion') continue;
      text += `,${JSON.stringify(name)}:${stringifyJson(value)}`;
    }
    return Buffer.from(`${goEscaped(text)}}`);
  }

  /** Whether bytes from the store are laid out as {@link encode} does it. */
  isStored(stored: Buffer): boolean {
    const { length } = this.#storedHead;
    return stored.length > length && stored[stored.length - 1] === END && stored.compare(this.#storedHead, 0, length, 0, length) === 0;
  }

  /** Stored bytes of another version as those of this one, of which they differ in the name of the version alone. */
  renamed(stored: Buffer, from: WireForm): Buffer {
    return Buffer.concat([this.#storedHead, stored.subarray(from.#storedHead.length)]);
  }

  /** The served form of stored bytes. */
  serve(stored: Buffer, revision: number): Buffer {
    return this.#splice(revision, SERVED, stored.subarray(this.#storedHead.length));
  }

  /** A served form with another revision. */
  withRevision(served: Buffer, from: number, to: number): Buffer {
    return this.#splice(to, AGAIN, served.subarray(this.#head.length + String(from).length));
  }

  /** Head, revision, and the rest with what belongs before and after it. */
  #splice(revision: number, { before, after }: Seam, rest: Buffer): Buffer {
    const digits = String(revision) + before;
    const head = this.#head;
    const bytes = Buffer.allocUnsafeSlow(head.length + digits.length + rest.length + after.length);
    head.copy(bytes, 0);
    let at = head.length;
    at += bytes.write(digits, at, 'latin1');
    at += rest.copy(bytes, at);
    if (after !== '') bytes.write(after, at, 'latin1');
    return bytes;
  }
}

interface Seam {
  readonly before: string;
  readonly after: string;
}

const SERVED: Seam = { before: '",', after: '\n' };
const AGAIN: Seam = { before: '', after: '' };

/** The form of the version that a kind is written in; undefined when it is the one that is stored. */
export const writtenWire = ({ kind, writtenAs }: KindInfo): WireForm | undefined =>
  writtenAs === undefined ? undefined : new WireForm({ ...parseApiVersion(writtenAs), kind });
