import type { KindInfo, KubeObject } from '../../../api/index.ts';
import type { ownership } from '../../../api/schema.ts';

/** What admission knows of the kinds that are served: upstream's ObjectInterfaces. */
export interface ServedVersions {
  /**
   * The resources that hold the same objects as one and have its subresource, itself among them: other versions, and other groups that
   * events are in. Upstream: `EquivalentResourceRegistry`.
   */
  equivalents(kind: KindInfo, subresource: string): readonly KindInfo[];
  /**
   * The object of a request in another equivalent version; itself when it is in that one. Takes it as it is, and leaves it so. A custom
   * resource may take its webhook.
   */
  convert(object: KubeObject, to: KindInfo, subresource: string): KubeObject | Promise<KubeObject>;
  /**
   * Reads what a plugin made of the object of a request: decoded, and with defaults.
   *
   * @param strict fields that the kind does not have are errors; else they are dropped.
   * @throws DecodeError
   */
  read(raw: unknown, kind: KindInfo, subresource: string, strict?: boolean): KubeObject;
  /** How server-side apply sees the object of a request; undefined for what has no schema. */
  applyType(kind: KindInfo, subresource: string): ownership.ApplyType | undefined;
}
