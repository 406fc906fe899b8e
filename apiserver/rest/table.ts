import { apiError, humanDuration, type KubeObject, type ObjectMeta, parseOwnJson } from '../../api/index.ts';
import { columnDescription } from '../../api/schema.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Resource } from '../registry/resource.ts';
import type { Strategy } from '../registry/strategy.ts';

/** What a Table row says of its object: `None`, `Metadata` or `Object`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** A Table as it is answered. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly columnDefinitions: readonly ColumnDefinition[];
  /** Null when there are none in the default table, which upstream adds each to; others are made with a list. */
  readonly rows: readonly Row[] | null;
}

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

interface Row {
  readonly cells: readonly unknown[];
  readonly conditions?: readonly unknown[] | undefined;
  readonly object: unknown;
}

/** How tables are to be made for one request. */
export interface TableStyle {
  readonly version: 'v1' | 'v1beta1';
  readonly include: IncludeObject;
}

/** @throws ApiError (400) for a wrong includeObject. */
export function readInclude(exchange: Exchange): IncludeObject {
  const text = exchange.parameter('includeObject') ?? '';
  if (text === '' || text === 'Metadata') return 'Metadata';
  if (text === 'None' || text === 'Object') return text;
  const why = `includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw apiError.badRequest(`Unable to convert to Table as requested: ${why}`);
}

/** A kind as Tables show it. */
export interface Shown {
  readonly info: Pick<Resource['info'], 'group' | 'version' | 'kind' | 'storedAs' | 'columns'>;
  readonly strategy: Pick<Strategy, 'tableRow' | 'tableOrder' | 'tableRowConditions' | 'fieldAnnotations'>;
}

/** Makes the Table of some objects of a kind. */
export function tableOf(
  resource: Shown,
  objects: readonly KubeObject[],
  metadata: Record<string, unknown>,
  style: TableStyle & { now: number },
): Table {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${style.version}`,
    metadata,
    columnDefinitions: columnsOf(resource),
    rows:
      objects.length === 0 && !resource.strategy.tableRow
        ? null
        : ordered(resource, objects).map((object) => rowOf(resource, object, style)),
  };
}

function ordered({ strategy }: Shown, objects: readonly KubeObject[]): readonly KubeObject[] {
  return strategy.tableOrder ? objects.toSorted((a, b) => strategy.tableOrder?.(a, b) ?? 0) : objects;
}

/** The metadata of an object, as clients take it that want no more: upstream's internal version has it, where some annotations are fields. */
export const partialOf = ({ strategy }: Shown, { metadata }: KubeObject, version: 'v1' | 'v1beta1') => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: strategy.fieldAnnotations ? withoutAnnotations(metadata, strategy.fieldAnnotations) : metadata,
});

function withoutAnnotations(metadata: ObjectMeta, names: readonly string[]): ObjectMeta {
  const { annotations, ...others } = metadata;
  const kept = Object.entries(annotations ?? {}).filter(([name]) => !names.includes(name));
  if (kept.length === Object.keys(annotations ?? {}).length) return metadata;
  // The order of fields is Go's.
  return kept.length === 0 ? others : { ...metadata, annotations: Object.fromEntries(kept) };
}

/** The object in a served form's bytes. */
export const parseServed = (bytes: Buffer): KubeObject => parseOwnJson(bytes.toString()) as KubeObject; // our own encoding

function rowOf(resource: Shown, object: KubeObject, style: TableStyle & { now: number }): Row {
  const conditions = resource.strategy.tableRowConditions?.(object);
  return { cells: cellsOf(resource, object, style.now), ...(conditions ? { conditions } : {}), object: included(resource, object, style) };
}

function included(resource: Shown, object: KubeObject, { include, version }: TableStyle): unknown {
  if (include === 'None') return null;
  return include === 'Object' ? object : partialOf(resource, object, version);
}

/** Columns of kinds without any of their own: upstream's default table. */
const DEFAULT_COLUMNS = [
  { name: 'Name', type: 'string', format: 'name', priority: 0 },
  { name: 'Created At', type: 'date', priority: 0 },
] as const;

function columnsOf({ info }: Shown): ColumnDefinition[] {
  return (info.columns ?? DEFAULT_COLUMNS).map((column) => ({
    name: column.name,
    type: column.type,
    format: ('format' in column ? column.format : undefined) ?? '',
    description: ('description' in column ? column.description : undefined) ?? columnDescription(info, column.name),
    priority: column.priority,
  }));
}

/** How Go prints a time that is none. */
const GO_ZERO_TIME = '0001-01-01T00:00:00Z';

/** What a watcher is told of how far it is has no name: Go's is empty. */
const nameless = (object: KubeObject): KubeObject => ({ metadata: { name: '', ...object.metadata }, ...withoutMetadata(object) });

const withoutMetadata = ({ metadata: _, ...others }: KubeObject): Omit<KubeObject, 'metadata'> => others;

function cellsOf({ strategy }: Shown, said: KubeObject, now: number): readonly unknown[] {
  const object = said.metadata.name === undefined ? nameless(said) : said;
  return strategy.tableRow?.(object, now) ?? [object.metadata.name, object.metadata.creationTimestamp ?? GO_ZERO_TIME];
}

/** How old an object is, as tables show it. */
export const ageOf = (object: KubeObject, now: number): string =>
  object.metadata.creationTimestamp ? humanDuration(now - Date.parse(object.metadata.creationTimestamp)) : '<unknown>';
