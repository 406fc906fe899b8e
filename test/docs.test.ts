import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOLDERS, ROOT } from './support/sources.ts';

const documents = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Paths in backticks that begin with one of our folders, and targets of relative links. */
function pathsIn(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const folders = [...FOLDERS, 'docs'].join('|');
  const quoted = [...text.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))].map(([, path = '']) => path);
  const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path = '']) =>
    relative(ROOT, join(ROOT, dirname(document), path)),
  );
  return [...quoted, ...linked];
}

describe('the documents', () => {
  it('are read, or the next test would pass on nothing', () => {
    expect(documents.flatMap(pathsIn).length).toBeGreaterThan(20);
  });

  it('name only paths that exist', () => {
    const gone = documents.flatMap((document) =>
      pathsIn(document)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${document}: ${path}`),
    );
    expect(gone).toEqual([]);
  });

  it('names in the guarantees only tests that exist', () => {
    const text = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
    const tests = [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path);
    expect(tests.length).toBeGreaterThan(5);
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('shows in the README only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const used = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !(name in scripts))).toEqual([]);
  });
});
