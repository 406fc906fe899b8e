import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { isPage, prefixOf, rewriteBytes, rewriteLink, rewritePage } from './proxied-pages.ts';

const PREFIX = '/api/v1/namespaces/ns/pods/p:80/proxy';
const paths = { requested: `${PREFIX}/a/b`, behind: '/a/b', host: 'api.example:6443' };

test('the prefix is what of the path the server behind is not asked for', () => {
  expect(prefixOf(paths)).toBe(PREFIX);
  expect(prefixOf({ ...paths, requested: `${PREFIX}/`, behind: '' })).toBe(PREFIX);
  expect(prefixOf({ ...paths, requested: PREFIX, behind: '' })).toBe(PREFIX);
});

test('a link from the root leads through the proxy; others stay', () => {
  const links = ['/x', 'x', '../x', `${PREFIX}/x`, 'https://api.example:6443/x?q=1', 'https://elsewhere/x', 'mailto:x', '#top', '/'];
  expect(links.map((link) => rewriteLink(link, paths))).toEqual([
    `${PREFIX}/x`,
    'x',
    '../x',
    `${PREFIX}/x`,
    `https://api.example:6443${PREFIX}/x?q=1`,
    'https://elsewhere/x',
    'mailto:x',
    '#top',
    `${PREFIX}/`,
  ]);
});

test('links of a page are found in the attributes that are links, and nowhere else', () => {
  const page =
    '<!-- <a href="/no"> --><a class="/c" href="/x">/y</a><img alt=\'/a\' src=\'/i.png\'><script src="/s.js">"<a href=/no>"</script><p title="/t">';
  expect(rewritePage(page, paths)).toBe(
    `<!-- <a href="/no"> --><a class="/c" href="${PREFIX}/x">/y</a><img alt='/a' src="${PREFIX}/i.png"><script src="${PREFIX}/s.js">"<a href=/no>"</script><p title="/t">`,
  );
});

test('a page that is packed is unpacked for it, and packed again', async () => {
  const packed = await rewriteBytes(gzipSync('<a href="/x">'), 'gzip', paths);
  expect(gunzipSync(packed).toString()).toBe(`<a href="${PREFIX}/x">`);
  expect([
    isPage({ 'content-type': 'text/html; charset=utf-8' }),
    isPage({ 'content-type': 'text/html', 'content-encoding': 'br' }),
    isPage({ 'content-type': 'text/plain' }),
  ]).toEqual([true, false, false]);
});
