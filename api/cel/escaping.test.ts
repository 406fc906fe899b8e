// Names of properties as expressions have them (apiserver, `pkg/cel/escaping.go`).
import { describe, expect, it } from 'vitest';
import { escapeName } from './escaping.ts';

describe('names of properties', () => {
  it.each([
    ['plain', 'plain'],
    ['_', '_'],
    ['_a1', '_a1'],
    ['a.b', 'a__dot__b'],
    ['a-b', 'a__dash__b'],
    ['a/b', 'a__slash__b'],
    ['a__b', 'a__underscores__b'],
    ['a___b', 'a__underscores___b'],
    ['a____b', 'a__underscores____underscores__b'],
    ['a__dot__b', 'a__underscores__dot__underscores__b'],
    ['$ref', undefined],
    ['1a', undefined],
    ['a b', undefined],
    ['', undefined],
    ['é', undefined],
    ['-a', '__dash__a'],
    ['true', '__true__'],
    ['false', '__false__'],
    ['null', '__null__'],
    ['in', '__in__'],
    ['as', '__as__'],
    ['break', '__break__'],
    ['const', '__const__'],
    ['continue', '__continue__'],
    ['else', '__else__'],
    ['for', '__for__'],
    ['function', '__function__'],
    ['if', '__if__'],
    ['import', '__import__'],
    ['let', '__let__'],
    ['loop', '__loop__'],
    ['package', '__package__'],
    ['namespace', '__namespace__'],
    ['return', '__return__'],
    ['var', '__var__'],
    ['void', '__void__'],
    ['while', '__while__'],
    ['int', 'int'],
    ['self', 'self'],
  ])('%s is %s', (name, escaped) => {
    expect(escapeName(name)).toBe(escaped);
  });
});
