// Client-side apply's annotation: what kubectl applied last. Server-side apply by kubectl takes it over, and keeps it up to date.
import type { KubeObject } from '../../api/index.ts';
import { goJson, parseJson } from '../../api/index.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Characters of all annotations together. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

type Annotations = Record<string, string>;

/** The configuration that the annotation holds; undefined when it holds none. */
export function lastAppliedOf({ metadata }: KubeObject): Record<string, unknown> | undefined {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (!text) return undefined;
  try {
    const config = parseJson(text);
    return typeof config === 'object' && config !== null && !Array.isArray(config) ? { ...config } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // anybody can write into an annotation
    throw error;
  }
}

/** The annotations with a configuration as what was applied last; without, when it is too long for one. */
export function withLastApplied(annotations: Annotations, config: Record<string, unknown>): Annotations {
  const text = `${goJson(sorted(withoutLastApplied(config)))}\n`;
  const updated: Annotations = { ...annotations, [LAST_APPLIED]: text };
  const size = Object.entries(updated).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > ANNOTATIONS_BYTES_MAX) delete updated[LAST_APPLIED];
  return updated;
}

function withoutLastApplied(config: Record<string, unknown>): Record<string, unknown> {
  const { metadata } = config;
  if (typeof metadata !== 'object' || metadata === null || !('annotations' in metadata)) return config;
  const { annotations } = metadata;
  if (typeof annotations !== 'object' || annotations === null) return config;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== LAST_APPLIED));
  return { ...config, metadata: { ...metadata, annotations: kept } };
}

/** Members by name: Go writes maps so. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
}
