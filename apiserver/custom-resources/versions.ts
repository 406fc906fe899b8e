// Objects of a custom resource from one version to another, and between the store and its clients: upstream's codec of custom resources
// (apiextensions-apiserver, `pkg/apiserver/customresource_handler.go`, `crdConversionRESTOptionsGetter`).
import { type KindInfo, type KubeObject, parseOwnJson } from '../../api/index.ts';
import { equalJson, type ObjectType, ownership } from '../../api/schema.ts';
import type { Clock } from '../../runtime/index.ts';
import { plainError } from '../registry/store-errors.ts';
import type { StoredForm } from '../registry/stored-form.ts';
import { WireForm } from '../registry/wire-form.ts';
import { coerce } from './custom-type.ts';
import type { CustomSchema } from './schema/index.ts';

/** Converts objects that are all of another version. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;

/** How long after a failure a webhook is asked again for those that watch. */
const CONVERT_AGAIN_MS = 1000;

/** One version, as far as objects are converted from and to it. */
export interface VersionForm {
  readonly info: KindInfo;
  readonly apiVersion: string;
  readonly schema: CustomSchema;
  readonly type: ObjectType;
  /** Whether an object that was written in this version may read back with other fields: with a status that nobody gave, without its replicas. */
  readonly isReadOtherwise: boolean;
}

/** All versions of one custom resource. */
export class Versions {
  readonly #forms: ReadonlyMap<string, VersionForm>;
  readonly #stored: VersionForm;
  readonly #storedWire: WireForm;
  /** Asks a webhook; undefined where versions differ in name only. */
  readonly #convert: Convert | undefined;
  readonly #clock: Clock;

  /** @param stored the version that objects are written in, one of the forms. */
  constructor(forms: readonly VersionForm[], stored: VersionForm, { convert, clock }: { convert: Convert | undefined; clock: Clock }) {
    this.#forms = new Map(forms.map((form) => [form.apiVersion, form]));
    this.#stored = stored;
    this.#storedWire = new WireForm(stored.info, true);
    this.#convert = convert;
    this.#clock = clock;
  }

  /** How objects that are served in one version lie in the store. */
  formOf(served: VersionForm, wire: WireForm): StoredForm {
    const convert = this.#convert;
    return {
      store: (encoded, object) => (served === this.#stored ? laidOut(encoded, served) : this.#toStored(object)),
      isEncoded: () => false, // whoever wrote it may have had another schema
      isReadLater: true,
      isOutdated: (stored, next) => !isSame(stored.value, next),
      read: ({ value }) => wire.encode(rename(this.#fromStored(value), served)),
      converter: convert && {
        isNeeded: ({ value }) => apiVersionIn(value) !== served.apiVersion,
        convert: async (stored) => {
          const converted = await convert(
            stored.map(({ value }) => this.#fromStored(value)),
            served.apiVersion,
          );
          return converted.map((object) => wire.encode(coerce(served.schema, object, false).object));
        },
        later: (work) => this.#clock.setTimer(CONVERT_AGAIN_MS, work),
      },
    };
  }

  /**
   * Another version for the owners of fields. An object that does not fit its schema cannot be compared there: that is an ApplyTypeError,
   * which has the tracking of a plain write given up, as upstream does. What an endpoint lets nobody own is told of the version of the request
   * alone (`customResourceStrategy.GetResetFields`).
   *
   * @throws ApplyTypeError for a version that the definition does not have (any more): upstream's converter knows only that it is wrong.
   */
  otherVersion(from: VersionForm, apiVersion: string): ownership.Version {
    const form = this.#forms.get(apiVersion);
    if (!form) throw new ownership.ApplyTypeError(`request to convert CR to an invalid group/version: ${apiVersion}`);
    const as = (target: VersionForm) => (object: unknown) => {
      const renamed = { ...(object as KubeObject), apiVersion: target.apiVersion };
      ownership.validate(target.type.applyType, renamed);
      return renamed;
    };
    return { type: form.type.applyType, convert: as(form), restore: as(from), reset: ownership.EMPTY };
  }

  /** An object of any version in this one. */
  convert(object: KubeObject, { apiVersion }: VersionForm): KubeObject | Promise<KubeObject> {
    if (object.apiVersion === apiVersion) return object;
    if (!this.#convert) return { ...object, apiVersion };
    return this.#convert([object], apiVersion).then(([converted]) => converted ?? object);
  }

  /** A stored object in the version it was stored in, as far as today's schema knows it, with its defaults. */
  #fromStored(bytes: Buffer): KubeObject {
    const raw = parseOwnJson(bytes.toString()) as KubeObject;
    const form = this.#forms.get(raw.apiVersion ?? '');
    if (!form) throw plainError(`request to convert CR from an invalid group/version: ${raw.apiVersion}`);
    const { object } = coerce(form.schema, raw, true);
    object.metadata.generation ||= 1; // very old objects have none
    form.schema.setDefaults(object as unknown as Record<string, unknown>);
    return object;
  }

  #toStored(object: KubeObject): Buffer | Promise<Buffer> {
    const { apiVersion, schema } = this.#stored;
    if (!this.#convert) return this.#storedWire.encode(rename(object, this.#stored));
    return this.#convert([object], apiVersion).then(([converted]) => this.#storedWire.encode(coerce(schema, converted, false).object));
  }
}

/** Bytes that read back as something else are not those that were encoded. */
const laidOut = (encoded: Buffer, { isReadOtherwise }: VersionForm): Buffer => (isReadOtherwise ? Buffer.from(encoded) : encoded);

/** Whether two stored objects say the same, in whatever order. */
const isSame = (a: Buffer, b: Buffer): boolean => a.equals(b) || equalJson(parseOwnJson(a.toString()), parseOwnJson(b.toString()));

/** The object in a version that differs in its name only: what the other schema does not know is gone, nothing is defaulted. */
function rename(object: KubeObject, { apiVersion, schema }: VersionForm): KubeObject {
  return object.apiVersion === apiVersion ? object : coerce(schema, { ...object, apiVersion }, false).object;
}

/** How objects begin that we wrote, now and before they were laid out as Go's maps. */
const HEAD = /^\{(?:"kind":"[^"]*",)?"apiVersion":"([^"]*)"/;
/** Bytes of a stored object among which its apiVersion is looked for before it is parsed. */
const HEAD_BYTES = 512;

/** The version of a stored object, which we write first of all, but for a field of a name before that. */
function apiVersionIn(stored: Buffer): string {
  const head = HEAD.exec(stored.subarray(0, HEAD_BYTES).toString());
  if (head) return head[1] ?? '';
  const { apiVersion } = parseOwnJson(stored.toString()) as KubeObject; // laid out by another API server, or with other fields first
  return apiVersion ?? '';
}
