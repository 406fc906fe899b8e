// The columns of custom resources: upstream's `registry/customresource/tableconvertor` (apiextensions-apiserver).

import { humanDuration, type KubeObject, parseTime, stringifyJson, type TableColumn } from '../../api/index.ts';
import { goFormat, inGoOrder, isObject } from '../../api/schema.ts';
import type { CrdVersion } from './definition.ts';
import { type JsonPath, JsonPathError, parseJsonPath } from './json-path.ts';

type Column = NonNullable<CrdVersion['additionalPrinterColumns']>[number];

const NAME: TableColumn = { name: 'Name', type: 'string', format: 'name', priority: 0 };
/** What a version without columns has. */
const AGE: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
};

export interface Printer {
  readonly columns: readonly TableColumn[];
  row(object: KubeObject, now: number): unknown[];
}

const DESIRED: Column = { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Number of desired replicas' };
const AVAILABLE: Column = { name: 'Available', type: 'integer', jsonPath: '.status.replicas', description: 'Number of actual replicas' };

/** How the Scales of custom resources are shown. Upstream: `getScaleColumnsForVersion`. */
export const scalePrinter = (): Printer => printerOfColumns([DESIRED, AVAILABLE, AGE]);

/** Makes the columns of a version. Behind one whose path cannot be read there are none. */
export const printerOf = ({ additionalPrinterColumns }: CrdVersion): Printer =>
  printerOfColumns(additionalPrinterColumns?.length ? additionalPrinterColumns : [AGE]);

function printerOfColumns(wanted: readonly Column[]): Printer {
  const columns: TableColumn[] = [NAME];
  const cells: ((object: KubeObject, now: number) => unknown)[] = [];
  for (const column of wanted) {
    const path = readPath(column.jsonPath);
    if (!path) break;
    const { name, type, format, priority = 0, description } = column;
    const about = description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`;
    columns.push({ name, type, format: format || undefined, priority, description: about });
    cells.push((object, now) => cellOf(type, path(object), now));
  }
  return { columns, row: (object, now) => [object.metadata.name ?? '', ...cells.map((cell) => cell(object, now))] };
}

function readPath(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined; // upstream falls back to what it has so far
    throw error;
  }
}

/** Only the first value is shown. */
function cellOf(type: string, [value]: readonly unknown[], now: number): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return printed(value);
    case 'integer':
      return typeof value === 'number' ? whole(value) : typeof value === 'bigint' ? value : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null;
    default:
      return null;
  }
}

/** A double as a whole number of 64 bits, as Go on amd64 converts it: one that is too large is the lowest. */
const whole = (value: number): number | bigint => (Math.abs(value) < 2 ** 63 ? Math.trunc(value) : LOWEST);
const LOWEST = -(2n ** 63n);

/** As client-go's jsonpath prints a value: text as it is, maps and lists as JSON. */
function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) || isObject(value) ? stringifyJson(inGoOrder(value)) : goFormat(value);
}

function ageOf(text: string, now: number): string {
  if (text === '' || text === 'null') return '<unknown>';
  try {
    return humanDuration(now - parseTime(text));
  } catch {
    return '<invalid>'; // what is no time
  }
}
