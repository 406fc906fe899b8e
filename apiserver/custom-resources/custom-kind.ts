// A custom resource as it is served: one definition for each version, made of what the CRD says.
import { apiVersionOf, type JSONSchemaProps, type KindInfo, type Verb } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { compareVersions } from '../discovery/groups.ts';
import type { PublishedKind } from '../openapi/index.ts';
import type { KindDefinition } from '../registry/resource.ts';
import { UNSTRUCTURED_WORDING } from '../registry/wording.ts';
import { compileSchemaRules, type RuleMetrics, type SchemaRules } from '../schema-rules/index.ts';
import { customType } from './custom-type.ts';
import { acceptedNamesOf, type Crd, type CrdVersion, isConditionTrue, isNamespaced, servedVersions, storageVersion } from './definition.ts';
import { setNested } from './nested.ts';
import { type Printer, printerOf } from './printer-columns.ts';
import { publishedKind } from './published-kind.ts';
import { type CustomSchema, compileSchema } from './schema/index.ts';
import { customStrategy } from './strategy.ts';
import { type Convert, type VersionForm, Versions } from './versions.ts';

/** The order in which upstream lists them. */
const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const VERBS_TERMINATING: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const VIEW_VERBS: readonly Verb[] = ['get', 'patch', 'update'];

export interface CustomKindOptions {
  readonly clock: Clock;
  /** Times rules. */
  readonly metrics: RuleMetrics;
  /** Asks the webhook of a definition that has one. */
  readonly convert: Convert | undefined;
  /** Whether objects may be created no more. */
  isTerminating(): boolean;
}

export interface CustomKind {
  /** The stored version first; one that is stored but not served is hidden. */
  readonly definitions: readonly KindDefinition[];
  /** What discovery and OpenAPI tell of. */
  readonly published: readonly PublishedKind[];
}

interface Version extends VersionForm {
  readonly version: CrdVersion;
  readonly printer: Printer;
  readonly rules: SchemaRules | undefined;
}

/** Makes of a definition whose names are accepted what serves it. */
export function customKind(crd: Crd, options: CustomKindOptions): CustomKind {
  const all = (crd.spec.versions ?? []).map((version) => versionOf(crd, version, options.metrics));
  const stored = all.find(({ version }) => version === storageVersion(crd));
  if (!stored) throw new Error(`${crd.metadata.name} has no storage version`);
  const versions = new Versions(all, stored, options);
  const shown = [stored, ...all.filter((each) => each !== stored && each.version.served)];
  const definitions = shown.map(
    (each): KindDefinition => ({
      info: each.info,
      type: each.type,
      wording: UNSTRUCTURED_WORDING,
      place: `${each.info.group}/${each.info.resource}`,
      isHidden: !each.version.served,
      strategy: customStrategy({
        subject: { group: each.info.group, resource: each.info.resource },
        kind: each.info.kind,
        apiVersion: each.apiVersion,
        namespaced: each.info.namespaced,
        version: each.version,
        schema: each.schema,
        rules: each.rules,
        printer: each.printer,
        deprecation: deprecationOf(crd, each.version),
        replicasPathOf: (apiVersion) => replicasPathOf(all, apiVersion),
        isTerminating: options.isTerminating,
      }),
      form: (wire) => versions.formOf(each, wire),
      otherVersion: (apiVersion) => versions.otherVersion(each, apiVersion),
      convertFrom: (object) => versions.convert(object, each),
    }),
  );
  return { definitions, published: all.filter(({ version }) => version.served).map(published) };
}

function replicasPathOf(all: readonly Version[], apiVersion: string): string | null | undefined {
  const found = all.find((each) => each.apiVersion === apiVersion);
  return found && (found.version.subresources?.scale?.specReplicasPath ?? null);
}

const published = ({ info, version, schema }: Version): PublishedKind => publishedKind(info, version, schema);

/** The verbs of a definition's resource, as discovery lists them. */
export const verbsOf = (crd: Crd): readonly Verb[] => (isConditionTrue(crd, 'Terminating') ? VERBS_TERMINATING : VERBS);

function versionOf(crd: Crd, version: CrdVersion, metrics: RuleMetrics): Version {
  const root = version.schema?.openAPIV3Schema as JSONSchemaProps | undefined; // its type contains itself
  const schema: CustomSchema = compileSchema(root, {
    preserveUnknownFields: crd.spec.preserveUnknownFields ?? false,
  });
  const printer = printerOf(version);
  const info = infoOf(crd, version, printer);
  const rules = root && metrics.compiling(() => compileSchemaRules(root));
  return {
    version,
    printer,
    rules: rules && timed(rules, metrics),
    info,
    schema,
    // A definition's first generation is its schema from the beginning.
    type: customType(schema, crd.metadata.generation !== 1),
    isReadOtherwise: schema.defaultsStatus || !knowsReplicas(schema, version),
    apiVersion: apiVersionOf(info),
  };
}

/** Whether a schema keeps what a Scale writes. */
function knowsReplicas(schema: CustomSchema, { subresources }: CrdVersion): boolean {
  const path = subresources?.scale?.specReplicasPath;
  if (path === undefined) return true;
  const scaled = {};
  setNested(scaled, path, 1);
  return schema.unknownFields(scaled).length === 0;
}

const timed = (rules: SchemaRules, metrics: RuleMetrics): SchemaRules => ({
  validate: (object, old, options) => metrics.evaluating(() => rules.validate(object, old, options)),
});

function infoOf(crd: Crd, { name: version, subresources }: CrdVersion, { columns }: Printer): KindInfo {
  const { kind, listKind, plural, singular = '', shortNames, categories } = acceptedNamesOf(crd);
  const stored = storageVersion(crd);
  return {
    group: crd.spec.group,
    version,
    kind,
    listKind,
    storageVersion: stored.served ? stored.name : '',
    resource: plural,
    singular,
    namespaced: isNamespaced(crd),
    verbs: VERBS,
    shortNames: shortNames ?? undefined,
    categories: categories ?? undefined,
    subresources: [
      ...(subresources?.status ? [{ name: 'status', kind, verbs: VIEW_VERBS }] : []),
      ...(subresources?.scale ? [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: VIEW_VERBS }] : []),
    ],
    columns,
  };
}

/** What requests for a deprecated version are warned of: upstream's `defaultDeprecationWarning`. */
function deprecationOf(crd: Crd, version: CrdVersion): string | undefined {
  if (!version.deprecated) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group, names } = crd.spec;
  const [newest] = servedVersions(crd)
    .filter(({ name, deprecated }) => !deprecated && compareVersions(name, version.name) < 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  return newest === undefined ? text : `${text}; use ${group}/${newest} ${names.kind}`;
}
