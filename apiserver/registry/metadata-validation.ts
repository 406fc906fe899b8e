import {
  apiError,
  type FieldError,
  fieldError,
  goQuote,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  type ObjectMeta,
  type OwnerReference,
} from '../../api/index.ts';

/** Bytes all annotations of an object may have together. */
const ANNOTATION_BYTES_MAX = 256 * 1024;

/** A kind's rule for names; with `prefix`, for the beginning of one. */
export type NameRule = (name: string, prefix: boolean) => string[];

/** A prefix may end in a dash: the generated name will not. */
const maskTrailingDash = (name: string): string => (name.endsWith('-') && name.length > 1 ? `${name.slice(0, -2)}a` : name);

/** The rule most kinds have. */
export const dnsSubdomainName: NameRule = (name, prefix) => isDns1123Subdomain(prefix ? maskTrailingDash(name) : name);

/** What every kind asks of a name, whatever its own rule: that it can stand in a path. */
export const pathSegmentName: NameRule = (name, prefix) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};

/** A name in a path, which nothing is looked up by if it would lead elsewhere (upstream: `NamespaceKeyFunc`). @throws ApiError (400) */
export function checkPathName(name: string): void {
  const wrong = pathSegmentName(name, false);
  if (wrong.length > 0) throw apiError.badRequest(`Name parameter invalid: ${goQuote(name)}: ${wrong.join(';')}`);
}

/** What a client of upstream's says of a name that can stand in no path (client-go, `Request.Name`); undefined of others. */
export function nameMisfit(name: string): string | undefined {
  const why = pathSegmentName(name, false);
  return why.length > 0 ? `invalid resource name ${goQuote(name)}: [${why.join(' ')}]` : undefined;
}

/** What is wrong with any object's metadata: upstream's ValidateObjectMeta (apimachinery, `pkg/api/validation`). */
export const validateObjectMeta = (meta: ObjectMeta, namespaced: boolean, nameRule: NameRule): FieldError[] => [
  ...validateIdentity(meta, namespaced, nameRule),
  ...validateCommon(meta),
  ...validateFinalizers(meta.finalizers),
];

/** What core's own kinds ask besides: upstream's `ValidateObjectMeta` of `pkg/apis/core/validation`. */
export const validateCoreObjectMeta = (meta: ObjectMeta, namespaced: boolean, nameRule: NameRule): FieldError[] => [
  ...validateObjectMeta(meta, namespaced, nameRule),
  ...validateKnownFinalizers(meta.finalizers),
];

/** One look at the metadata of a changed object: all of it as if it were new (`ValidateObjectMeta`), or as changed (`ValidateObjectMetaUpdate`). */
export type MetadataLook = 'whole' | 'changes';

/** How most kinds of upstream's look again in their own validation. */
const ONE_MORE_LOOK: readonly MetadataLook[] = ['changes'];

/**
 * What is wrong with changed metadata. Upstream looks at it twice for every kind, then as often as the kind's own validation does, and
 * lists what it finds each time; so do we.
 */
export function validateMetadataUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  { namespaced, again = ONE_MORE_LOOK, plainFinalizers, nameRule, own }: UpdateLooks,
): FieldError[] {
  const common = validateCommon(meta);
  const changes = [...validateChanges(meta, old), ...common];
  const wholeBy = (rule: NameRule) => [...validateIdentity(meta, namespaced, rule), ...common, ...validateFinalizers(meta.finalizers)];
  const known = plainFinalizers ? [] : validateKnownFinalizers(meta.finalizers);
  const looks = again.map((look) => [...(look === 'whole' ? wholeBy(nameRule) : changes), ...known]);
  return [...wholeBy(pathSegmentName), ...changes, ...interleaved(looks, own)];
}

/** What a strategy's errors are parted by that come before and after another look of the kind's at the metadata. */
export const NEXT_LOOK: FieldError = { type: 'InternalError', field: '', body: '' };

/** Errors of the looks, each with the kind's own of the same look behind it; those of a kind that does not part them are behind all. */
function interleaved(looks: readonly (readonly FieldError[])[], own: readonly FieldError[]): FieldError[] {
  const parts: FieldError[][] = [[]];
  for (const error of own) {
    if (error === NEXT_LOOK) parts.push([]);
    else parts.at(-1)?.push(error);
  }
  if (parts.length === 1) return [...looks.flat(), ...own];
  const count = Math.max(looks.length, parts.length);
  return Array.from({ length: count }, (_, i) => [...(looks[i] ?? []), ...(parts[i] ?? [])]).flat();
}

interface UpdateLooks {
  readonly namespaced: boolean;
  /** The kind's own looks; one at the changes unless given. */
  readonly again?: readonly MetadataLook[] | undefined;
  /** Finalizers need no domain. */
  readonly plainFinalizers: boolean;
  /** The kind's own, for its own looks at the whole. */
  readonly nameRule: NameRule;
  /** What the kind itself says, parted by {@link NEXT_LOOK} where it looks more than once. */
  readonly own: readonly FieldError[];
}

/** What is wrong with any object's changed metadata: upstream's `validateCommonFields` (apiserver, `pkg/registry/rest/update.go`). */
export const validateCommonUpdate = (meta: ObjectMeta, old: ObjectMeta, namespaced: boolean): FieldError[] => [
  ...validateObjectMeta(meta, namespaced, pathSegmentName),
  ...validateMetadataChanges(meta, old),
];

/** What core's own kinds say of changes besides: upstream's `ValidateObjectMetaUpdate` of `pkg/apis/core/validation`. */
export const validateCoreMetadataChanges = (meta: ObjectMeta, old: ObjectMeta): FieldError[] => [
  ...validateMetadataChanges(meta, old),
  ...validateKnownFinalizers(meta.finalizers),
];

/** What is wrong with changes of metadata: upstream's ValidateObjectMetaUpdate. */
export const validateMetadataChanges = (meta: ObjectMeta, old: ObjectMeta): FieldError[] => [
  ...validateChanges(meta, old),
  ...validateCommon(meta),
];

function validateIdentity(meta: ObjectMeta, namespaced: boolean, nameRule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const message of nameRule(meta.generateName, true)) {
      errors.push(fieldError.invalid('metadata.generateName', meta.generateName, message));
    }
  }
  if (meta.name) {
    for (const message of nameRule(meta.name, false)) errors.push(fieldError.invalid('metadata.name', meta.name, message));
  } else {
    errors.push(fieldError.required('metadata.name', 'name or generateName is required'));
  }
  errors.push(...validateNamespace(meta.namespace, namespaced));
  if (Number(meta.generation ?? 0) < 0) {
    errors.push(fieldError.invalid('metadata.generation', meta.generation, 'must be greater than or equal to 0'));
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[] = []): FieldError[] {
  const errors = finalizers.flatMap((finalizer) =>
    isQualifiedName(finalizer).map((message) => fieldError.invalid('metadata.finalizers', finalizer, message)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const message = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(fieldError.invalid('metadata.finalizers', finalizers, message));
  }
  return errors;
}

/** Finalizers without a domain are Kubernetes' own. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** What core's kinds ask of finalizers besides: a domain. */
export const validateKnownFinalizers = (finalizers: readonly string[] = []): FieldError[] =>
  finalizers.flatMap((finalizer, i) => {
    if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return [];
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    return [fieldError.invalid(`metadata.finalizers[${i}]`, finalizer, detail)];
  });

function validateNamespace(namespace: string | undefined, namespaced: boolean): FieldError[] {
  if (!namespaced) return namespace ? [fieldError.forbidden('metadata.namespace', 'not allowed on this type')] : [];
  if (!namespace) return [fieldError.required('metadata.namespace')];
  return isDns1123Label(namespace).map((message) => fieldError.invalid('metadata.namespace', namespace, message));
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

function validateChanges(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) errors.push(...validateNoNewFinalizers(meta.finalizers ?? [], old.finalizers ?? []));
  if (!meta.resourceVersion) {
    errors.push(fieldError.invalid('metadata.resourceVersion', meta.resourceVersion ?? '', 'must be specified for an update'));
  }
  if (Number(meta.generation ?? 0) < Number(old.generation ?? 0)) {
    errors.push(fieldError.invalid('metadata.generation', meta.generation ?? 0, 'must not be decremented'));
  }
  return [...errors, ...IMMUTABLE.flatMap((field) => validateImmutable(field, meta[field], old[field]))];
}

function validateImmutable(field: string, value: string | number | undefined, old: string | number | undefined): FieldError[] {
  if ((value ?? '') === (old ?? '')) return [];
  return [fieldError.invalid(`metadata.${field}`, value ?? (typeof old === 'string' ? '' : null), 'field is immutable')];
}

function validateNoNewFinalizers(finalizers: readonly string[], old: readonly string[]): FieldError[] {
  const added = [...new Set(finalizers)].filter((finalizer) => !old.includes(finalizer)).sort();
  if (added.length === 0) return [];
  const list = `[]string{${added.map(goQuote).join(', ')}}`;
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [fieldError.forbidden('metadata.finalizers', detail)];
}

/** What is wrong with labels and annotations, of any object. */
export function validateTexts(meta: Pick<ObjectMeta, 'labels' | 'annotations'>): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    for (const message of isQualifiedName(key)) errors.push(fieldError.invalid('metadata.labels', key, message));
    for (const message of isValidLabelValue(value)) errors.push(fieldError.invalid('metadata.labels', value, message));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(meta.annotations ?? {})) {
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(fieldError.invalid('metadata.annotations', key, message));
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (annotationBytes > ANNOTATION_BYTES_MAX) errors.push(fieldError.tooLong('metadata.annotations', ANNOTATION_BYTES_MAX));
  return errors;
}

function validateCommon(meta: ObjectMeta): FieldError[] {
  const errors = validateTexts(meta);
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference));
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller === '') {
      controller = name;
      continue;
    }
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
    errors.push(fieldError.invalid('metadata.ownerReferences', references.map(printable), detail));
  }
  return errors;
}

function validateOwnerReference(reference: OwnerReference): FieldError[] {
  const at = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  const slashes = reference.apiVersion.split('/').length - 1;
  const version =
    slashes > 1 ? '' : slashes === 1 ? reference.apiVersion.slice(reference.apiVersion.indexOf('/') + 1) : reference.apiVersion;
  if (version === '') errors.push(fieldError.invalid(`${at}.apiVersion`, reference.apiVersion, 'version must not be empty'));
  if (reference.kind === '') errors.push(fieldError.invalid(`${at}.kind`, reference.kind, 'must not be empty'));
  if (reference.name === '') errors.push(fieldError.invalid(`${at}.name`, reference.name, 'must not be empty'));
  if (reference.uid === '') errors.push(fieldError.invalid(`${at}.uid`, reference.uid, 'must not be empty'));
  if (BANNED_OWNERS.has(`${reference.apiVersion} ${reference.kind}`)) {
    const detail = `/${reference.apiVersion}, Kind=${reference.kind} is disallowed from being an owner`;
    errors.push(fieldError.invalid(at, printable(reference), detail));
  }
  return errors;
}

/** Kinds that may not own others: apiVersion and kind. */
const BANNED_OWNERS: ReadonlySet<string> = new Set(['v1 Event']);

/** A reference with its members in the order upstream prints them. */
const printable = ({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): OwnerReference => ({
  apiVersion,
  kind,
  name,
  uid,
  ...(controller === undefined ? {} : { controller }),
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
});

/** What the server says of new objects, whatever a client says. Upstream: `WipeObjectMetaSystemFields` (`pkg/registry/rest/meta.go`). */
export function wipeSystemFields(metadata: ObjectMeta): void {
  metadata.creationTimestamp = undefined;
  metadata.uid = undefined;
  metadata.deletionTimestamp = undefined;
  metadata.deletionGracePeriodSeconds = undefined;
  metadata.selfLink = undefined;
}
