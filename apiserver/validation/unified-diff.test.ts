import { describe, expect, it } from 'vitest';
import { diffJson, unifiedDiff } from './unified-diff.ts';

const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

describe('unified diff', () => {
  it('is empty where nothing differs', () => {
    expect(unifiedDiff(['a'], ['a'])).toBe('');
  });

  it('shows three lines around a change', () => {
    const a = range(0, 12);
    const b = [...a.slice(0, 6), 'new', ...a.slice(7)];
    expect(unifiedDiff(a, b)).toBe('@@ -4,7 +4,7 @@\n line 3\n line 4\n line 5\n-line 6\n+new\n line 7\n line 8\n line 9\n');
  });

  it('keeps changes apart that are far from each other, and joins those that are near', () => {
    const a = range(0, 30);
    const far = a.map((line, i) => (i === 2 || i === 25 ? 'new' : line));
    const near = a.map((line, i) => (i === 10 || i === 16 ? 'new' : line));
    expect(unifiedDiff(a, far).match(/^@@ .*$/gm)).toEqual(['@@ -1,6 +1,6 @@', '@@ -23,7 +23,7 @@']);
    expect(unifiedDiff(a, near).match(/^@@ .*$/gm)).toEqual(['@@ -8,13 +8,13 @@']);
  });

  it('counts additions to nothing and removals of everything', () => {
    expect(unifiedDiff([], ['a'])).toBe('@@ -0,0 +1 @@\n+a\n');
    expect(unifiedDiff(['a', 'b'], [])).toBe('@@ -1,2 +0,0 @@\n-a\n-b\n');
  });

  it('does not take lines for landmarks that are everywhere in a long text', () => {
    const a = [...range(0, 200), ...Array.from({ length: 20 }, () => '}'), 'end'];
    const b = [...range(0, 200), '}', 'new', ...Array.from({ length: 18 }, () => '}'), 'end'];
    expect(unifiedDiff(a, b)).toBe(`@@ -199,7 +199,7 @@\n line 198\n line 199\n }\n-}\n+new\n }\n }\n }\n`);
  });

  it('writes values as Go does: indented by one space, and safe for HTML', () => {
    expect(diffJson({ a: '<1>' }, { a: '<2>' })).toBe('@@ -1,3 +1,3 @@\n {\n- "a": "\\u003c1\\u003e"\n+ "a": "\\u003c2\\u003e"\n }\n');
  });
});
