import { expect, it } from 'vitest';
import { latestTag } from './image-reference.ts';

const HEX = 'a'.repeat(64);

it.each([
  ['nginx', true],
  ['nginx:latest', true],
  ['localhost:5000/nginx', true],
  [`nginx:latest@sha256:${HEX}`, true],
  ['Registry.Example.com/a/b', true],
  ['nginx:1.27', false],
  ['localhost:5000/a/nginx:v1', false],
  [`nginx@sha256:${HEX}`, false],
  ['Nginx', false],
  [HEX, false],
  [`a/${HEX}`, true],
  ['a'.repeat(247), true],
  ['a'.repeat(248), false],
  [`localhost/${'a'.repeat(255)}`, true],
  [`a/${'a'.repeat(254)}`, false],
  ['', false],
  [' nginx', false],
  ['a'.repeat(100_000), false],
])('%s: %s', (image, latest) => {
  expect(latestTag(image)).toBe(latest);
});
