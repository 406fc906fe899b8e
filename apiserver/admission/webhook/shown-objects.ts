// The objects of a request in the versions that webhooks ask for: upstream's `VersionedAttributes` (apiserver, `admission/conversion.go`).
import { apiError, type KindInfo, type KubeObject } from '../../../api/index.ts';
import { become } from '../../registry/become.ts';
import type { ServedVersions } from '../matching/served-versions.ts';
import type { AdmissionAttributes } from '../plugin.ts';

/** The objects of a request in one version. */
export interface ShownObjects {
  readonly kind: KindInfo;
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
}

/** @throws ApiError (500) when they cannot be converted. */
export async function showObjects(versions: ServedVersions, attributes: AdmissionAttributes, kind: KindInfo): Promise<ShownObjects> {
  const { object, old } = attributes;
  return {
    kind,
    object: await converted(versions, object, kind, attributes.subresource),
    old: await converted(versions, old, kind, attributes.subresource),
  };
}

async function converted(versions: ServedVersions, object: KubeObject | undefined, kind: KindInfo, subresource: string) {
  try {
    return object && (await versions.convert(object, kind, subresource));
  } catch (error) {
    throw apiError.internal(error instanceof Error ? error.message : String(error), error);
  }
}

/** For validating webhooks: each version is made once. */
export class ObjectVersions {
  readonly #versions: ServedVersions;
  readonly #attributes: AdmissionAttributes;
  readonly #shown = new Map<KindInfo, Promise<ShownObjects>>();

  constructor(versions: ServedVersions, attributes: AdmissionAttributes) {
    this.#versions = versions;
    this.#attributes = attributes;
  }

  in(kind: KindInfo): Promise<ShownObjects> {
    const known = this.#shown.get(kind);
    if (known) return known;
    const shown = showObjects(this.#versions, this.#attributes, kind);
    this.#shown.set(kind, shown);
    return shown;
  }
}

/** For mutating webhooks, one after the other: each sees what those before it made of the object. */
export class ChangingObjects {
  readonly #versions: ServedVersions;
  readonly #attributes: AdmissionAttributes;
  #shown: ShownObjects | undefined;
  /** What is shown is newer than the object of the request. */
  #isDirty = false;

  constructor(versions: ServedVersions, attributes: AdmissionAttributes) {
    this.#versions = versions;
    this.#attributes = attributes;
  }

  /** The object as it has become. */
  get object(): KubeObject | undefined {
    return this.#shown ? this.#shown.object : this.#attributes.object;
  }

  async in(kind: KindInfo): Promise<ShownObjects> {
    if (this.#shown?.kind === kind) return this.#shown;
    await this.flush();
    this.#shown = await showObjects(this.#versions, this.#attributes, kind);
    return this.#shown;
  }

  /** A webhook made this of the object, in the version it was shown. */
  replace(object: KubeObject): void {
    if (!this.#shown) throw new Error('what was not shown was changed');
    this.#shown = { ...this.#shown, object };
    this.#isDirty = true;
  }

  /** Makes the object of the request what it has become. */
  async flush(): Promise<void> {
    const { object, kind, subresource } = this.#attributes;
    const changed = this.#shown?.object;
    if (!this.#isDirty || !object || !changed) return;
    this.#isDirty = false;
    const result = await converted(this.#versions, changed, kind, subresource);
    if (result) become(object, result);
  }
}
