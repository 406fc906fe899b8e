// JSON values as YAML, laid out as Go's libraries do. Upstream: sigs.k8s.io/yaml on go-yaml 2 (answers), go-yaml 3 (gnostic's documents).
import { formatGoDouble } from '../../cel/language/go-number.ts';
import { compareKeys } from './key-order.ts';
import { hasBreaks, type Place, type ScalarStyle, textScalar } from './scalar.ts';

/** How a document is laid out. */
export interface YamlStyle extends ScalarStyle {
  /** Whether a list that is a key's value is moved in. */
  readonly indentsLists: boolean;
  /** Whether keys are sorted; else they come as they are. */
  readonly sorts: boolean;
}

/** As go-yaml 2: what answers are written in. */
const ANSWER: YamlStyle = { step: 2, widthMax: 80, tabsInBlocks: false, indentsLists: false, sorts: true };
/** As go-yaml 3: what a document is written in that is part of another. */
export const DOCUMENT_YAML: YamlStyle = {
  step: 4,
  widthMax: Number.POSITIVE_INFINITY,
  tabsInBlocks: true,
  indentsLists: true,
  sorts: false,
};

/** Bytes of the longest key that stands on one line with its value. */
const SIMPLE_KEY_BYTES_MAX = 128;
/** What is behind the `- ` of an item, and the `? ` and `: ` of a key that does not stand on one line with its value, is moved in by. */
const INDICATOR_WIDTH = 2;

/** The YAML text of a JSON value, with a line break at its end. */
export function formatYaml(value: unknown, style: YamlStyle = ANSWER): string {
  return `${isNested(value) ? block(value, 0, style) : scalar(value, { indent: style.step, column: 0 }, style)}\n`;
}

type Nested = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Whether a value takes lines of its own. */
const isNested = (value: unknown): value is Nested =>
  typeof value === 'object' && value !== null && Object.values(value).some((member) => member !== undefined);

const isList = (value: Nested): value is readonly unknown[] => Array.isArray(value);

/** The lines of a list or map; the first one is moved in by who asks. */
function block(value: Nested, indent: number, style: YamlStyle): string {
  const between = `\n${' '.repeat(indent)}`;
  if (isList(value)) return value.map((item) => `- ${behindIndicator(item, indent, style)}`).join(between);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (style.sorts) keys.sort(compareKeys);
  return keys.map((key) => pair(key, value[key], indent, style)).join(between);
}

function behindIndicator(value: unknown, indent: number, style: YamlStyle): string {
  const inner = indent + INDICATOR_WIDTH;
  return isNested(value) ? block(value, inner, style) : scalar(value, { indent: inner, column: inner }, style);
}

function pair(key: string, value: unknown, indent: number, style: YamlStyle): string {
  if (hasBreaks(key) || (key.length * 3 > SIMPLE_KEY_BYTES_MAX && Buffer.byteLength(key) > SIMPLE_KEY_BYTES_MAX)) {
    return `? ${behindIndicator(key, indent, style)}\n${' '.repeat(indent)}: ${behindIndicator(value, indent, style)}`;
  }
  const name = textScalar(key, { indent, column: indent, isKey: true }, style);
  const next = indent + style.step - (indent % style.step);
  if (!isNested(value)) return `${name}: ${scalar(value, { indent: next, column: indent + [...name].length + 2 }, style)}`;
  const inner = isList(value) && !style.indentsLists ? indent : next;
  return `${name}:\n${' '.repeat(inner)}${block(value, inner, style)}`;
}

function scalar(value: unknown, place: Place, style: YamlStyle): string {
  if (typeof value === 'string') return textScalar(value, place, style);
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  return String(value ?? null);
}

/** A number as `%g` has it, unless 64 bits hold it as an integer. */
const goNumber = (value: number): string =>
  Number.isInteger(value) && value >= INT64_MIN && value < UINT64_END ? String(value) : formatGoDouble(value);

const INT64_MIN = -(2 ** 63);
const UINT64_END = 2 ** 64;
