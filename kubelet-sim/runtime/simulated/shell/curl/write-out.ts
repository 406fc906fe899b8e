/** What `-w` tells of a transfer. */
export interface TransferFacts {
  /** The answer's headers as they came, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Texts and numbers by the names that they have there; absent ones are told as nothing. */
  readonly values: Readonly<Record<string, string | number | undefined>>;
}

/** Where a piece of what is written goes. */
export interface WrittenPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Told in seconds with six digits behind the point. */
const isTime = (name: string): boolean => name.startsWith('time_');
/** Parts of the URL are told alone, not with all the rest. */
const isPart = (name: string): boolean => /^urle?\./.test(name);

/**
 * Fills in the format of `-w`. Upstream: `src/tool_writeout.c`.
 *
 * @param isError whether the transfer failed: what stands behind `%{onerror}` is told only then
 */
export function writtenOut(format: string, facts: TransferFacts, isError: boolean): WrittenPiece[] {
  const pieces: WrittenPiece[] = [];
  let stream: WrittenPiece['stream'] = 'stdout';
  for (const [token] of format.matchAll(/%\{[^}]*\}|%header\{[^}]*\}|%%|\\[nrt]|[^%\\]+|[%\\]/g)) {
    if (token === '%{onerror}' && !isError) break;
    if (token === '%{stderr}' || token === '%{stdout}') stream = token === '%{stderr}' ? 'stderr' : 'stdout';
    else pieces.push(unknown(token, facts) ?? { stream, text: textOf(token, facts) });
  }
  return pieces;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\t': '\t', '%%': '%', '%{onerror}': '' };

function textOf(token: string, facts: TransferFacts): string {
  const escaped = ESCAPES[token];
  if (escaped !== undefined) return escaped;
  if (token === '%{json}') return allAsJson(facts);
  if (token === '%{header_json}') return headersAsJson(facts);
  const header = /^%header\{(.*)\}$/.exec(token)?.[1];
  if (header !== undefined) return facts.headers.find(([name]) => name.toLowerCase() === header.toLowerCase())?.[1] ?? '';
  const name = /^%\{(.*)\}$/.exec(token)?.[1];
  return name === undefined ? token : shown(name, facts.values[name]);
}

/** What is said of a variable that there is not. */
function unknown(token: string, { values }: TransferFacts): WrittenPiece | undefined {
  const name = /^%\{(.*)\}$/.exec(token)?.[1];
  if (name === undefined || name in values || ['json', 'header_json', 'onerror'].includes(name)) return undefined;
  return { stream: 'stderr', text: `curl: unknown --write-out variable: '${name}'\n` };
}

function shown(name: string, value: string | number | undefined): string {
  if (name === 'http_code' || name === 'response_code' || name === 'http_connect') return String(value ?? 0).padStart(3, '0');
  return isTime(name) ? Number(value ?? 0).toFixed(6) : String(value ?? '');
}

function allAsJson({ values }: TransferFacts): string {
  const members = Object.entries(values)
    .filter(([name]) => !isPart(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${isTime(name) ? Number(value ?? 0).toFixed(6) : JSON.stringify(value ?? null)}`);
  return `{${members.join(',')}}`;
}

function headersAsJson({ headers }: TransferFacts): string {
  const byName = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const values = byName.get(name.toLowerCase());
    if (values) values.push(value);
    else byName.set(name.toLowerCase(), [value]);
  }
  return `{${[...byName].map(([name, values]) => `${JSON.stringify(name)}:${JSON.stringify(values)}`).join(',\n')}\n}`;
}
