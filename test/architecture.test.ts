import { describe, expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../api/schema.ts';
import { readSources, type Source } from './support/sources.ts';

/** Which folders a folder may import: the design's table. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: [],
  runtime: [],
  store: ['runtime'],
  client: ['api', 'runtime'],
  apiserver: ['api', 'store', 'runtime', 'client'],
  scheduler: ['api', 'client', 'runtime'],
  'controller-manager': ['api', 'client', 'runtime'],
  'kubelet-sim': ['api', 'client', 'runtime'],
  cli: ['api', 'runtime', 'store', 'client', 'apiserver', 'scheduler', 'controller-manager', 'kubelet-sim'],
  test: ['api', 'runtime', 'store', 'client', 'apiserver', 'scheduler', 'controller-manager', 'kubelet-sim', 'cli', 'bench'],
  bench: ['api', 'runtime', 'store', 'client', 'apiserver', 'scheduler', 'controller-manager', 'kubelet-sim', 'cli'],
};

/** Packages of which one folder is the owner: nobody else may touch them. */
const OWNED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  level: ['store'],
  'classic-level': ['store'],
  'memory-level': ['store'],
  '@grpc/grpc-js': ['runtime', 'store'],
  'protobufjs/minimal.js': ['runtime'],
  undici: ['client'],
  pino: ['runtime'],
  'prom-client': ['runtime'],
  'just-bash': ['kubelet-sim'],
  '@kubernetes/client-node': ['test', 'bench'],
};

/** The faces of a folder: what others may import of it. Options and main of a process are for the command line alone. */
const FACES = /^(?:[^/]+\/index\.ts|api\/(?:schema|cel|go-print)\.ts|runtime\/grpc\.ts)$/;
const CLI_FACES = /^[^/]+\/(?:options|controller-options|address-options|main)\.ts$/;

const sources = readSources();
const production = sources.filter(({ isTest, folder }) => !isTest && folder !== 'bench');

const violations = (of: readonly Source[], check: (source: Source) => readonly string[]): string[] =>
  of.flatMap((source) => check(source).map((text) => `${source.path}: ${text}`));

describe('the architecture', () => {
  it('reads the sources, or the other tests would pass on nothing', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(sources.length);
  });

  it('lets a folder import only the folders below it', () => {
    const wrong = violations(production, ({ folder, imports }) =>
      imports
        .filter(({ relative }) => relative)
        .map(({ target }) => target.split('/')[0] ?? '')
        .filter((other) => other !== folder && !MAY_IMPORT[folder]?.includes(other))
        .map((other) => `imports ${other}/`),
    );
    expect(wrong).toEqual([]);
  });

  it('lets folders meet only at their public faces', () => {
    const wrong = violations(production, ({ folder, imports }) =>
      imports
        .filter(({ relative, target }) => relative && target.split('/')[0] !== folder)
        .filter(({ target }) => !FACES.test(target) && !(folder === 'cli' && CLI_FACES.test(target)))
        .map(({ target }) => `imports ${target}, not a public face`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps each package with its owner', () => {
    const wrong = violations(production, ({ folder, imports }) =>
      imports
        .filter(({ target }) => OWNED_PACKAGES[target] && !OWNED_PACKAGES[target].includes(folder))
        .map(({ target }) => `imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('loads gRPC only when it is needed', () => {
    const wrong = violations(production, ({ imports }) =>
      imports
        .filter(({ target, typeOnly, dynamic }) => target === '@grpc/grpc-js' && !typeOnly && !dynamic)
        .map(() => 'loads gRPC at once'),
    );
    expect(wrong).toEqual([]);
    expect(production.flatMap(({ imports }) => imports).some(({ target, dynamic }) => target === '@grpc/grpc-js' && dynamic)).toBe(true);
  });

  it('keeps the clock and chance in runtime/', () => {
    const wrong = violations(
      production.filter(({ folder }) => folder !== 'runtime'),
      ({ text }) =>
        [
          ...text.matchAll(/\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setImmediate\.unref|setInterval|setTimeout)\b\(?/g),
        ].map(([use]) => `uses ${use}`),
    );
    expect(wrong).toEqual([]);
  });

  it('branches on a kind only where a kind is at home', () => {
    const resources = new Set(BUILT_IN_KINDS.map(({ info }) => info.resource));
    const shared = production.filter(({ path }) =>
      /^(?:api\/(?!kinds\/)|client\/|store\/|runtime\/|apiserver\/(?!strategies\/|admission\/|validation\/|bootstrap\/|reviews\/))/.test(
        path,
      ),
    );
    const wrong = violations(shared, ({ text }) =>
      [...text.matchAll(/\b(?:kind|resource) [!=]== '([A-Za-z]+)'/g)]
        .filter(([, name = '']) => /^[A-Z]/.test(name) || resources.has(name)) // other things have kinds too: nodes of syntax, types of values
        .map(([use]) => use),
    );
    expect(wrong).toEqual([]);
  });

  it('polls in tests that run side by side only with what knows whose turn it is', () => {
    // The global `expect` asks which test is running, and side by side that is whichever began last, or none.
    const concurrent = sources.filter(({ isTest, text }) => isTest && /\bdescribe\.concurrent\(|\bit\.concurrent\(/.test(text));
    expect(concurrent.length).toBeGreaterThan(10);
    expect(violations(concurrent, ({ text }) => (/\bexpect\s*\.poll\(/.test(text) ? ['polls'] : []))).toEqual([]);
  });

  it('has no import cycle', () => {
    expect(cyclesIn(production)).toEqual([]);
  });
});

function cyclesIn(of: readonly Source[]): string[] {
  const edges = new Map(
    of.map(({ path, imports }) => [
      path,
      imports.filter(({ relative, typeOnly, dynamic }) => relative && !typeOnly && !dynamic).map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' > '));
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
