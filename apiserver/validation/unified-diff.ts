/** Lines shown around a change. */
const CONTEXT = 3;
/** From this many lines on, lines that make up more than a hundredth of the text do not count as landmarks. */
const POPULAR_FROM_LINES = 200;

/** A run of equal lines: `length` lines from `a` in the first text and from `b` in the second. */
interface Match {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

interface Change {
  readonly equal: boolean;
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

/**
 * The unified diff of two values' indented JSON, as upstream words forbidden updates: the algorithm is difflib's, which picks the
 * longest run of equal lines and then looks left and right of it.
 */
export function diffJson(a: unknown, b: unknown): string {
  return unifiedDiff(linesOf(a), linesOf(b));
}

/** One space a level, `<`, `>` and `&` escaped: Go's indented JSON. */
const linesOf = (value: unknown): string[] =>
  JSON.stringify(value, null, 1)
    .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .split('\n');

export function unifiedDiff(a: readonly string[], b: readonly string[]): string {
  let out = '';
  for (const group of groupsOf(changesOf(matchesOf(a, b), a.length, b.length))) {
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last) continue;
    out += `@@ -${rangeText(first.aFrom, last.aTo)} +${rangeText(first.bFrom, last.bTo)} @@\n`;
    for (const change of group) out += changeText(change, a, b);
  }
  return out;
}

function changeText({ equal, aFrom, aTo, bFrom, bTo }: Change, a: readonly string[], b: readonly string[]): string {
  const lines = (sign: string, of: readonly string[], from: number, to: number): string =>
    of
      .slice(from, to)
      .map((line) => `${sign}${line}\n`)
      .join('');
  return equal ? lines(' ', a, aFrom, aTo) : lines('-', a, aFrom, aTo) + lines('+', b, bFrom, bTo);
}

function rangeText(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

/** All matches in order, neighbours joined. */
function matchesOf(a: readonly string[], b: readonly string[]): Match[] {
  const places = landmarks(b);
  const found: Match[] = [];
  const pending: { aFrom: number; aTo: number; bFrom: number; bTo: number }[] = [{ aFrom: 0, aTo: a.length, bFrom: 0, bTo: b.length }];
  for (let range = pending.pop(); range; range = pending.pop()) {
    const match = longestMatch({ a, b, places }, range);
    if (match.length === 0) continue;
    found.push(match);
    pending.push({ aFrom: range.aFrom, aTo: match.a, bFrom: range.bFrom, bTo: match.b });
    pending.push({ aFrom: match.a + match.length, aTo: range.aTo, bFrom: match.b + match.length, bTo: range.bTo });
  }
  return found.sort((x, y) => x.a - y.a || x.b - y.b);
}

/** Where each line of the second text is. */
function landmarks(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    const present = places.get(line);
    if (present) present.push(i);
    else places.set(line, [i]);
  }
  if (lines.length < POPULAR_FROM_LINES) return places;
  const most = Math.trunc(lines.length / 100) + 1;
  for (const [line, at] of places) if (at.length > most) places.delete(line);
  return places;
}

interface Texts {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly places: ReadonlyMap<string, readonly number[]>;
}

interface Range {
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

/** The longest run of equal lines in a range, the first of several; then grown over lines that are no landmarks. */
function longestMatch({ a, b, places }: Texts, range: Range): Match {
  let best: Match = { a: range.aFrom, b: range.bFrom, length: 0 };
  let lengths = new Map<number, number>();
  for (let i = range.aFrom; i < range.aTo; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < range.bFrom) continue;
      if (j >= range.bTo) break;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > best.length) best = { a: i - length + 1, b: j - length + 1, length };
    }
    lengths = next;
  }
  return grow(best, a, b, range);
}

function grow(match: Match, a: readonly string[], b: readonly string[], range: Range): Match {
  let { a: i, b: j, length } = match;
  while (i > range.aFrom && j > range.bFrom && a[i - 1] === b[j - 1]) {
    i--;
    j--;
    length++;
  }
  while (i + length < range.aTo && j + length < range.bTo && a[i + length] === b[j + length]) length++;
  return { a: i, b: j, length };
}

/** What is between the matches, and the matches themselves. */
function changesOf(matches: readonly Match[], aLength: number, bLength: number): Change[] {
  const changes: Change[] = [];
  let a = 0;
  let b = 0;
  for (const match of [...matches, { a: aLength, b: bLength, length: 0 }]) {
    if (a < match.a || b < match.b) changes.push({ equal: false, aFrom: a, aTo: match.a, bFrom: b, bTo: match.b });
    a = match.a + match.length;
    b = match.b + match.length;
    if (match.length > 0) changes.push({ equal: true, aFrom: match.a, aTo: a, bFrom: match.b, bTo: b });
  }
  return joinEqual(changes);
}

function joinEqual(changes: readonly Change[]): Change[] {
  const joined: Change[] = [];
  for (const change of changes) {
    const last = joined.at(-1);
    if (last?.equal && change.equal) joined[joined.length - 1] = { ...last, aTo: change.aTo, bTo: change.bTo };
    else joined.push(change);
  }
  return joined;
}

/** Changes with their context; apart where more than two contexts of equal lines lie between. */
function groupsOf(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  let group: Change[] = [];
  changes.forEach((change, i) => {
    if (!change.equal) {
      group.push(change);
      return;
    }
    const length = change.aTo - change.aFrom;
    const first = i === 0;
    const last = i === changes.length - 1;
    if (!first && !last && length <= 2 * CONTEXT) {
      group.push(change);
      return;
    }
    if (!first) group.push(head(change));
    if (first || last) {
      if (first && !last) group = [tail(change)];
      return;
    }
    groups.push(group);
    group = [tail(change)];
  });
  if (group.some(({ equal }) => !equal)) groups.push(group);
  return groups;
}

const head = (change: Change): Change => ({
  ...change,
  aTo: Math.min(change.aTo, change.aFrom + CONTEXT),
  bTo: Math.min(change.bTo, change.bFrom + CONTEXT),
});

const tail = (change: Change): Change => ({
  ...change,
  aFrom: Math.max(change.aFrom, change.aTo - CONTEXT),
  bFrom: Math.max(change.bFrom, change.bTo - CONTEXT),
});
