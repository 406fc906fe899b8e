import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseOptions, UserError } from '../runtime/index.ts';
import { dataDirectoryOf, servingPairOf } from './data-directory.ts';
import { apiServerOptions } from './options.ts';

const valuesOf = (...argv: string[]) => parseOptions(apiServerOptions, argv).values;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-cert-dir-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  [[], '.nanokube'],
  [['--data-dir=a'], 'a'],
  [['--cert-dir=c'], '.nanokube'],
  [['--etcd-servers=http://e:1'], '.nanokube'],
  [['--cert-dir=c', '--etcd-servers=http://e:1'], 'c'],
  [['--cert-dir=c', '--etcd-servers=http://e:1', '--data-dir=a'], 'a'],
])('%j: what is made is in %s', (argv, where) => {
  expect(dataDirectoryOf(valuesOf(...argv))).toBe(where);
});

test('the serving certificate lies in --cert-dir, unless another is named', () => {
  const inDirectory = `--cert-dir=${directory}`;
  const [cert, key] = [join(directory, 'apiserver.crt'), join(directory, 'apiserver.key')];
  expect(servingPairOf(valuesOf(inDirectory))).toBeUndefined();
  writeFileSync(key, 'k');
  expect(() => servingPairOf(valuesOf(inDirectory))).toThrow(UserError);
  expect(() => servingPairOf(valuesOf(inDirectory))).toThrow(`${cert} is missing; certificate and key go together`);
  expect(servingPairOf(valuesOf(inDirectory, '--tls-cert-file=a', '--tls-private-key-file=b'))).toEqual({ cert: 'a', key: 'b' });
  writeFileSync(cert, 'c');
  expect(servingPairOf(valuesOf(inDirectory))).toEqual({ cert, key });
  expect(servingPairOf(valuesOf())).toBeUndefined();
});
