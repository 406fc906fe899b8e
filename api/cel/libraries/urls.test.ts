// URLs, with what Go's net/url makes of them (apiserver, `pkg/cel/library/urls.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const INPUTS = { values: { text: 'a', object: { name: 'n', list: [1, 2.5, 'x', null], nested: { deep: true } } } };

const URLS: readonly Case[] = [
  ["isURL('https://example.com:80/path?a=b')", 'true'],
  ["isURL('/path')", 'true'],
  ["isURL('path')", 'false'],
  ["isURL('')", 'false'],
  ["isURL('https://exa mple.com')", 'false'],
  ["isURL('https://example.com:x/')", 'false'],
  ["url('https://user@example.com:8080/a%20b?x=1&x=2&y').getScheme()", '"https"'],
  ["url('https://user@example.com:8080/a%20b?x=1&x=2&y').getHost()", '"example.com:8080"'],
  ["url('https://user@example.com:8080/').getHostname()", '"example.com"'],
  ["url('https://user@example.com:8080/').getPort()", '"8080"'],
  ["url('https://example.com/').getPort()", '""'],
  ["url('https://[::1]:80/').getHostname()", '"::1"'],
  ["url('https://[::1]:80/').getHost()", '"[::1]:80"'],
  ["url('https://example.com/a b%20c').getEscapedPath()", '"/a%20b%20c"'],
  ["url('https://example.com').getEscapedPath()", '""'],
  ["url('https://example.com?x=1&x=2&y').getQuery()", '{"x": ["1", "2"], "y": [""]}'],
  ["url('https://example.com?a%20b=c+d').getQuery()", '{"a b": ["c d"]}'],
  ["url('/path').getHost()", '""'],
  ["url('https://a.com/') == url('https://a.com/')", 'true'],
  ["url('https://a.com/') == url('https://b.com/')", 'false'],
  ['url(text)', 'error: URL parse error during conversion from string: parse "a": invalid URI for request'],
  [
    "url('https://example.com:x/')",
    'error: URL parse error during conversion from string: parse "https://example.com:x/": invalid port ":x" after host',
  ],
  ["url('https://a.com/%zz')", 'error: URL parse error during conversion from string: parse "https://a.com/%zz": invalid URL escape "%zz"'],
  ["url('http://[fe80::1%25en0]:80/').getHost()", '"[fe80::1%en0]:80"'],
  ["url('http://[fe80::1%25en0]:80/').getHostname()", '"fe80::1%en0"'],
  ["url('http://a%c3%a9/').getHost()", '"aé"'],
  ["isURL('http://a%41/')", 'false'],
  ["url('')", 'error: URL parse error during conversion from string: parse "": empty url'],
];

describe('URLs', () => {
  it.each(URLS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});
