// What custom resources have in common: upstream's `registry/customresource/{strategy,status_strategy,validator}.go`
// (apiextensions-apiserver).
import { apiError, type ErrorSubject, type FieldError, fieldError, isQualifiedName, type KubeObject } from '../../api/index.ts';
import { cloneJson, goFormat, isObject, type JsonObject, ownership } from '../../api/schema.ts';
import { dnsSubdomainName, validateMetadataChanges, validateObjectMeta } from '../registry/metadata-validation.ts';
import type { RequestContext, ScaleView, Strategy, UpdateStrategy } from '../registry/strategy.ts';
import type { SchemaRules } from '../schema-rules/index.ts';
import type { CrdVersion } from './definition.ts';
import { type JsonPath, JsonPathError, parseJsonPath } from './json-path.ts';
import { NestedError, namesOf, nestedInteger, nestedString, setNested } from './nested.ts';
import { type Printer, scalePrinter } from './printer-columns.ts';
import { type CustomSchema, rulesBlocked } from './schema/index.ts';

const TERMINATING = 'create not allowed while custom resource definition is terminating';
const REPLICAS_MAX = 2 ** 31 - 1;
/** Finalizers that need no domain. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

export type Scale = NonNullable<NonNullable<CrdVersion['subresources']>['scale']>;

export interface CustomStrategyOptions {
  /** How errors name the resource. */
  readonly subject: ErrorSubject;
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  readonly version: CrdVersion;
  readonly schema: CustomSchema;
  readonly rules: SchemaRules | undefined;
  readonly printer: Printer;
  readonly deprecation: string | undefined;
  /** Where another version has its replicas; null if it cannot be scaled, undefined if there is no such version. */
  replicasPathOf(apiVersion: string): string | null | undefined;
  /** Whether objects may be created no more. */
  isTerminating(): boolean;
}

/** The strategy of one version of a custom resource. */
export function customStrategy(options: CustomStrategyOptions): Strategy {
  const { version, schema, printer, deprecation } = options;
  const hasStatus = version.subresources?.status !== undefined;
  const checks = new Checks(options);
  const scale = version.subresources?.scale;
  return {
    validatesMetadata: true,
    allowsPlainFinalizers: true,
    deprecation,
    setDefaults: (object) => schema.setDefaults(membersOf(object)),
    prepareForCreate: (_, object) => {
      if (options.isTerminating()) throw apiError.forbidden(options.subject, object.metadata.name ?? '', TERMINATING);
      if (hasStatus) delete membersOf(object).status;
      object.metadata.generation = 1;
    },
    prepareForUpdate: (_, object, old) => {
      if (hasStatus) keepMember(object, old, 'status');
      if (!ownership.equalValues(withoutMetadata(object), withoutMetadata(old))) {
        object.metadata.generation = Number(old.metadata.generation ?? 0) + 1;
      }
    },
    validateCreate: (context, object) => checks.create(context, object),
    validateUpdate: (context, object, old) => checks.update(context, object, old),
    fieldSelectors: fieldSelectors(version),
    tableRow: (object, now) => printer.row(object, now),
    ...(scale ? { scale: scaleView(scale, options.replicasPathOf) } : {}),
    subresources: hasStatus ? { status: statusStrategy(checks) } : {},
  };
}

/** Status is all that is written there; everything else stays as it is. */
const statusStrategy = (checks: Checks): UpdateStrategy<KubeObject> => ({
  prepareForUpdate: (_, object, old) => {
    const members = membersOf(object);
    const { managedFields } = object.metadata;
    const { resourceVersion } = object.metadata;
    const hasStatus = Object.hasOwn(members, 'status');
    const { status } = members;
    for (const name of Object.keys(members)) delete members[name];
    Object.assign(members, cloneJson(old));
    object.metadata = { ...object.metadata, managedFields, resourceVersion };
    if (hasStatus) members.status = status;
    else delete members.status;
  },
  validateUpdate: (context, object, old) => checks.statusUpdate(context, object, old),
});

/** An object as the map that it is. */
const membersOf = (object: KubeObject): JsonObject => object as unknown as JsonObject;

function keepMember(object: KubeObject, old: KubeObject, name: string): void {
  const before = membersOf(old);
  if (Object.hasOwn(before, name)) membersOf(object)[name] = before[name];
  else delete membersOf(object)[name];
}

function withoutMetadata(object: KubeObject): JsonObject {
  const { metadata: _, ...rest } = membersOf(object);
  return rest;
}

/** What rules are asked about. */
interface Checked {
  readonly object: JsonObject;
  readonly old?: JsonObject | undefined;
  warn(text: string): void;
}

/** What is wrong with an object, in upstream's order. */
class Checks {
  readonly #options: CustomStrategyOptions;

  constructor(options: CustomStrategyOptions) {
    this.#options = options;
  }

  create({ warn }: RequestContext, object: KubeObject): FieldError[] {
    const { schema, namespaced } = this.#options;
    warnOfFinalizers(object, [], warn);
    const wrongType = this.#typeMeta(object);
    const members = membersOf(object);
    const errors =
      wrongType.length > 0
        ? wrongType
        : [...validateObjectMeta(object.metadata, namespaced, dnsSubdomainName), ...schema.validateValues(members), ...this.#scale(object)];
    return this.#withRules([...errors, ...schema.validateEmbedded(members), ...schema.validateListTypes(members)], {
      object: members,
      warn,
    });
  }

  update({ warnAnyway: warn }: RequestContext, object: KubeObject, old: KubeObject): FieldError[] {
    const { schema } = this.#options;
    warnOfFinalizers(object, old.metadata.finalizers ?? [], warn);
    const wrongType = this.#typeMeta(object);
    const [members, before] = [membersOf(object), membersOf(old)];
    const errors =
      wrongType.length > 0
        ? wrongType
        : [...validateMetadataChanges(object.metadata, old.metadata), ...schema.validateValues(members, before), ...this.#scale(object)];
    return this.#withRules([...errors, ...schema.validateEmbedded(members), ...schema.validateListTypes(members, before)], {
      object: members,
      old: before,
      warn,
    });
  }

  statusUpdate({ warnAnyway: warn }: RequestContext, object: KubeObject, old: KubeObject): FieldError[] {
    const { schema } = this.#options;
    const wrongType = this.#typeMeta(object);
    const [members, before] = [membersOf(object), membersOf(old)];
    const errors =
      wrongType.length > 0
        ? wrongType
        : [
            ...validateMetadataChanges(object.metadata, old.metadata),
            ...schema.validateStatusValues(members, before),
            ...this.#scaleStatus(object),
          ];
    return this.#withRules([...errors, ...schema.validateListTypes(members, before)], {
      object: members,
      old: before,
      warn,
    });
  }

  /** Rules come last, and only if the object is of the shape they speak of. */
  #withRules(errors: FieldError[], { object, old, warn }: Checked): FieldError[] {
    const { rules } = this.#options;
    if (!rules) return errors;
    const blocked = rulesBlocked(errors);
    return blocked ? [...errors, blocked] : [...errors, ...rules.validate(object, old, { ratchet: true, warn })];
  }

  #typeMeta({ kind = '', apiVersion = '' }: KubeObject): FieldError[] {
    const { kind: wantedKind, apiVersion: wantedVersion } = this.#options;
    return [
      ...(kind === wantedKind ? [] : [fieldError.invalid('kind', kind, `must be ${wantedKind}`)]),
      ...(apiVersion === wantedVersion ? [] : [fieldError.invalid('apiVersion', apiVersion, `must be ${wantedVersion}`)]),
    ];
  }

  #scale(object: KubeObject): FieldError[] {
    const { scale } = this.#options.version.subresources ?? {};
    return scale ? [...replicasErrors(object, scale.specReplicasPath), ...this.#scaleStatus(object)] : [];
  }

  #scaleStatus(object: KubeObject): FieldError[] {
    const { scale } = this.#options.version.subresources ?? {};
    if (!scale) return [];
    const selector = scale.labelSelectorPath;
    return [
      ...replicasErrors(object, scale.statusReplicasPath),
      ...(selector === undefined ? [] : problemsOf(selector, '', () => nestedString(object, selector))),
    ];
  }
}

function replicasErrors(object: KubeObject, path: string): FieldError[] {
  return problemsOf(path, 0, () => {
    const replicas = nestedInteger(object, path) ?? 0;
    if (replicas < 0) return [fieldError.invalid(path, replicas, 'should be a non-negative integer')];
    return replicas > REPLICAS_MAX ? [fieldError.invalid(path, replicas, `should be less than or equal to ${REPLICAS_MAX}`)] : [];
  });
}

function problemsOf(path: string, zero: unknown, check: () => unknown): FieldError[] {
  try {
    const found = check();
    return Array.isArray(found) ? found : [];
  } catch (error) {
    if (error instanceof NestedError) return [fieldError.invalid(path, zero, error.message)];
    throw error;
  }
}

/** Warns of new finalizers whose names may be somebody else's too. */
function warnOfFinalizers({ metadata }: KubeObject, before: readonly string[], warn: (text: string) => void): void {
  const added = [...new Set(metadata.finalizers ?? [])].filter((finalizer) => !before.includes(finalizer)).sort();
  for (const finalizer of added) {
    for (const why of isQualifiedName(finalizer)) warn(`metadata.finalizers: ${JSON.stringify(finalizer)}: ${why}`);
    if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) continue;
    const path = finalizer.includes('.') ? ' including a path (/)' : '';
    warn(
      `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts ` +
        'with other finalizer writers',
    );
  }
}

/** Fields that objects can be selected by: a value that is not there is the empty text. */
function fieldSelectors({ selectableFields }: CrdVersion): Record<string, (object: KubeObject) => string> {
  const readers = (selectableFields ?? []).map(({ jsonPath }): [string, (object: KubeObject) => string] => {
    const path = readPath(jsonPath);
    return [jsonPath.replace(/^\./, ''), (object) => textOf(path?.(object)[0])];
  });
  return Object.fromEntries(readers);
}

function readPath(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined; // as upstream: selects nothing
    throw error;
  }
}

const textOf = (value: unknown): string => (value === undefined || value === null ? '' : goFormat(value));

const SCALE_TABLE = scalePrinter();

function replicasAt(object: unknown, path: string): number | undefined {
  const replicas = nestedInteger(object, path);
  return replicas === undefined ? undefined : Number(replicas);
}

/** How a Scale shows an object of this version. */
const scaleView = (
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: Scale,
  pathIn: CustomStrategyOptions['replicasPathOf'],
): ScaleView => ({
  path: namesOf(specReplicasPath).join('.'),
  pathIn: (apiVersion) => {
    const path = pathIn(apiVersion);
    return path ? namesOf(path).join('.') : path;
  },
  read: (object) => ({
    wanted: replicasAt(object, specReplicasPath),
    present: replicasAt(object, statusReplicasPath) ?? 0,
    selector: labelSelectorPath === undefined ? '' : (nestedString(object, labelSelectorPath) ?? ''),
  }),
  field: specReplicasPath,
  write: (object, replicas) => {
    if (isObject(object)) setNested(object, specReplicasPath, replicas);
  },
  table: SCALE_TABLE,
});
