// What go-yaml says of a text that is no YAML, by what our parser says of it: the problem, and the line. Both find the first mistake, mostly at the same place.
import type { LineCounter, YAMLError } from 'yaml';

/** A mistake in a text. */
interface Mistake {
  readonly code: string;
  readonly message: string;
  /** Where it begins. */
  readonly at: number;
  readonly text: string;
}

/** A problem, and where go-yaml sees it. Its scanner counts lines from one, its parser from zero, and neither tells of the first. */
interface Problem {
  readonly text: string;
  readonly at: number;
  readonly by: 'scanner' | 'parser';
}

/** Upstream: `yaml.parser.fail` (sigs.k8s.io/yaml/goyaml.v2). @returns `line 3: could not find expected ':'` */
export function describe({ code, message, pos }: YAMLError, text: string, lines: LineCounter): string {
  const problem = problemOf({ code, message, at: pos[0], text });
  const line = lines.linePos(problem.at).line - 1 + (isBelow(problem, text) ? 1 : 0);
  const counted = problem.by === 'scanner' ? line + 1 : line;
  return `${line > 0 ? `line ${counted}: ` : ''}${problem.text}`;
}

/** The end of a text is a line of its own to go-yaml's parser, whether the last line has a break or not. */
const isBelow = ({ at, by }: Problem, text: string): boolean =>
  at > text.length || (by === 'parser' && at === text.length && !text.endsWith('\n'));

const parser = (text: string, { at }: Mistake): Problem => ({ text, at, by: 'parser' });
const scanner = (text: string, { at }: Pick<Mistake, 'at'>): Problem => ({ text, at, by: 'scanner' });

const NO_CONTENT = 'did not find expected node content';
const NO_KEY = 'did not find expected key';
const NO_DASH = "did not find expected '-' indicator";
const NO_COLON = "could not find expected ':'";
const NO_BREAK = 'did not find expected comment or line break';
const NO_TOKEN = 'found character that cannot start any token';

type Rule = (mistake: Mistake) => Problem;

/** By the code of our parser's error. */
const BY_CODE: Readonly<Record<string, Rule>> = {
  BLOCK_AS_IMPLICIT_KEY: keyTooLong,
  MULTILINE_IMPLICIT_KEY: keyTooLong,
  TAB_AS_INDENT: (mistake) =>
    scanner(/[\w.\])}]\s*$/.test(before(mistake)) ? 'found a tab character that violates indentation' : NO_TOKEN, mistake),
  BAD_SCALAR_START: (mistake) => (mistake.text[mistake.at] === ',' ? parser(NO_CONTENT, mistake) : scanner(NO_TOKEN, mistake)),
  BAD_DQ_ESCAPE: (mistake) =>
    scanner(/^\\[xuU]/.test(from(mistake)) ? 'did not find expected hexdecimal number' : 'found unknown escape character', mistake),
  BAD_INDENT: notAmongItsOwn,
  BAD_ALIAS: (mistake) => scanner('did not find expected alphabetic or numeric character', mistake),
};

/** By how its message begins. */
const BY_MESSAGE: readonly (readonly [string, Rule])[] = [
  ['Missing closing', (mistake) => scanner('found unexpected end of stream', mistake)],
  ['Missing directives-end', () => scanner('found unknown directive name', { at: 0 })],
  ['Implicit map keys', (mistake) => scanner(NO_COLON, { at: nextToken(mistake) })],
  ['Sequence item without', notAmongItsOwn],
  ['Unexpected block-seq-ind', (mistake) => scanner('block sequence entries are not allowed in this context', mistake)],
  // What a scalar's tag makes of it is looked at when the whole text has been read: no line is told.
  ['!!binary', ({ message }) => ({ text: message, at: 0, by: 'parser' })],
  ['Verbatim tags', (mistake) => scanner("did not find the expected '>'", mistake)],
  [
    'Block scalar header',
    ({ message, at }) => scanner(message.includes('0') ? 'found an indentation indicator equal to 0' : NO_BREAK, { at }),
  ],
  ['Unexpected flow-', (mistake) => parser(/[:-]\s*$/.test(before(mistake)) ? NO_CONTENT : NO_KEY, mistake)],
  ['Unexpected scalar', strayScalar],
];

function problemOf(mistake: Mistake): Problem {
  const { code, message } = mistake;
  if (isClosedEarly(mistake)) return parser(NO_CONTENT, mistake);
  const flow = /^(?:Flow (map|sequence)|Missing , .*between flow (map|sequence)|Missing , )/.exec(message);
  if (flow) return parser(`did not find expected ',' or '${(flow[1] ?? flow[2]) === 'sequence' ? ']' : '}'}'`, mistake);
  const rule = BY_CODE[code] ?? BY_MESSAGE.find(([begin]) => message.startsWith(begin))?.[1];
  return rule?.(mistake) ?? parser(NO_CONTENT, mistake);
}

function keyTooLong(mistake: Mistake): Problem {
  if (isDash(mistake.text, mistake.at)) return parser(NO_KEY, mistake);
  return scanner('mapping values are not allowed in this context', { at: colonAfter(mistake) });
}

function notAmongItsOwn(mistake: Mistake): Problem {
  return parser(isAmongDashes(mistake) ? NO_DASH : NO_KEY, mistake);
}

/** A scalar where what went before has ended. */
function strayScalar(mistake: Mistake): Problem {
  if (!/(?:^|\n) *$/.test(before(mistake))) return parser(NO_KEY, mistake);
  return /^[^\n]*:(?:\s|$)/.test(from(mistake)) ? parser(NO_DASH, mistake) : scanner(NO_COLON, { at: nextToken(mistake) });
}

const before = ({ text, at }: Mistake): string => text.slice(0, at);
const from = ({ text, at }: Mistake): string => text.slice(at);

/** A wrong bracket right after an opening one or a comma stands where a value is due, and so does the end of the text. */
const isClosedEarly = ({ text, at }: Mistake): boolean =>
  /[[{,]\s*[\]}]$/.test(text.slice(0, at + 1)) || (at === text.length && /[[{,:](?:\s|\s#.*)*$/.test(text));

const isDash = (text: string, at: number): boolean => /^-\s/.test(text.slice(at, at + 2));

/** Where the key ends that a scalar turns out to be. */
function colonAfter({ text, at }: Mistake): number {
  const found = /:(?=\s|$)/.exec(text.slice(at));
  return found ? at + found.index : at;
}

/** What comes after a scalar of one line, or the end of the text, which ends its last line. */
function nextToken({ text, at }: Mistake): number {
  const end = text.indexOf('\n', at);
  if (end < 0) return text.length + 1;
  return end + 1 + (/\S/.exec(text.slice(end + 1))?.index ?? text.length - end - 1);
}

/** Whether it stands below the entries of a list that is further in than the key of that. */
function isAmongDashes({ text, at }: Mistake): boolean {
  const before = text.slice(0, at).split('\n').slice(0, -1);
  const last = before.findLastIndex((line) => /^ *- /.test(line));
  if (last < 0) return false;
  const indent = before[last]?.indexOf('-') ?? 0;
  const key = before.slice(0, last).findLast((line) => /^ *[^\s#-]/.test(line) && line.search(/\S/) <= indent);
  return key === undefined || key.search(/\S/) < indent;
}
