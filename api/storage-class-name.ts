/** Where the class of a volume or claim was before it was a field; it still counts, before the field. */
export const STORAGE_CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

interface Classed {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
  readonly spec: { readonly storageClassName?: string | undefined };
}

/** The class of a volume or claim, `''` for none. Upstream: `GetPersistentVolumeClass`, `GetPersistentVolumeClaimClass`. */
export const storageClassOf = ({ metadata, spec }: Classed): string =>
  metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? '';

/** Whether a claim says which class it wants, be it none. Upstream: `PersistentVolumeClaimHasClass`. */
export const hasStorageClass = ({ metadata, spec }: Classed): boolean =>
  metadata.annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined || spec.storageClassName !== undefined;
