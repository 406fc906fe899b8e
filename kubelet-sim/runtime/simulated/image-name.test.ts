import { expect, test } from 'vitest';
import { imageRefOf, parseImageName } from './image-name.ts';

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.22', 'docker.io/library/nginx:1.22'],
  ['networkstatic/iperf3', 'docker.io/networkstatic/iperf3:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['registry.example.com:5000/team/app:1.0', 'registry.example.com:5000/team/app:1.0'],
  [`nginx@sha256:${'a'.repeat(64)}`, `docker.io/library/nginx@sha256:${'a'.repeat(64)}`],
])('%s is %s', (text, full) => {
  expect(parseImageName(text).full).toBe(full);
});

test.each([
  ['UPPER', 'invalid reference format: repository name (library/UPPER) must be lowercase'],
  ['Some:::name', 'invalid reference format: repository name (library/Some) must be lowercase'],
  ['a b', 'invalid reference format'],
  ['nginx:', 'invalid reference format'],
  ['nginx:bad tag', 'invalid reference format'],
  ['-nginx', 'invalid reference format'],
])('%s is refused: %s', (text, message) => {
  expect(() => parseImageName(text)).toThrow(message);
});

test('the digest of a name is stable', () => {
  expect(imageRefOf(parseImageName('nginx'))).toMatch(/^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
  expect(imageRefOf(parseImageName('nginx'))).toBe(imageRefOf(parseImageName('docker.io/library/nginx:latest')));
});
