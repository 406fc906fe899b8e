import { describe, expect, it } from 'vitest';
import { apiVersionOf } from '../api/index.ts';
import { ALL_KINDS, BUILT_IN_KINDS } from '../api/schema.ts';
import { runtimeConfig } from './runtime-config.ts';

const kinds = ALL_KINDS.map(({ info }) => info);
const served = (...entries: string[]): string[] =>
  kinds.filter(runtimeConfig(entries, kinds)).map((kind) => `${apiVersionOf(kind)}/${kind.resource}`);
const stable = BUILT_IN_KINDS.map(({ info }) => `${apiVersionOf(info)}/${info.resource}`);
const added = (...entries: string[]): string[] => served(...entries).filter((kind) => !stable.includes(kind));

describe('--runtime-config', () => {
  it('serves what is stable unless told otherwise', () => {
    expect(served()).toEqual(stable);
  });

  it('serves versions and single resources when told to', () => {
    expect(added('policy/v1beta1=true')).toEqual(['policy/v1beta1/poddisruptionbudgets']);
    expect(added('policy/v1beta1')).toEqual(['policy/v1beta1/poddisruptionbudgets']);
    expect(added('networking.k8s.io/v1beta1/ingresses=true')).toEqual(['networking.k8s.io/v1beta1/ingresses']);
    expect(added('networking.k8s.io/v1beta1=true', 'networking.k8s.io/v1beta1/ingresses=false')).not.toContain(
      'networking.k8s.io/v1beta1/ingresses',
    );
  });

  it.each(['v1', 'v1=true', 'v1/pods=true', 'api/v1', 'api/v1/pods=true', '/v1'])('%s is the core group', (entry) => {
    expect(served('api/ga=false', entry).every((kind) => kind.startsWith('v1/'))).toBe(true);
    expect(served('api/ga=false', entry)).toContain('v1/configmaps');
  });

  it('takes what once stood for versions that upstream has no more', () => {
    expect(served('api/legacy=false')).toEqual(stable);
  });

  it('takes versions of which 1.34 has the types and serves nothing', () => {
    const entries = [
      'authentication.k8s.io/v1beta1=true',
      'extensions/v1beta1',
      'apps/v1beta2/deployments=true',
      'node.k8s.io/v1beta1=false',
    ];
    expect(served(...entries)).toEqual(stable);
    expect(() => served('apps/v1beta1=maybe')).toThrow('takes apps/v1beta1=true or apps/v1beta1=false');
  });

  it('knows words for many versions, of which the narrower wins', () => {
    expect(added('api/beta=true', 'api/removed=true')).toEqual(
      kinds.filter(({ version }) => version.includes('beta')).map((kind) => `${apiVersionOf(kind)}/${kind.resource}`),
    );
    expect(added('api/all=true', 'api/beta=false')).toEqual(added('api/alpha=true'));
    expect(added('api/alpha=true').filter((kind) => !kind.includes('alpha'))).toEqual([]);
    expect(added('api/removed=true', 'batch/v1beta1=false')).not.toContain('batch/v1beta1/cronjobs');
    expect(served('api/ga=false', '/v1=true', 'apps/v1/deployments=true').filter((kind) => !kind.startsWith('v1/'))).toEqual([
      'apps/v1/deployments',
    ]);
  });

  it('words for many do not mean what 1.34 has no more', () => {
    expect(added('api/all=true')).toContain('networking.k8s.io/v1beta1/ipaddresses');
    expect(added('api/all=true').filter((kind) => added('api/removed=true').includes(kind))).toEqual([]);
    expect(added('api/removed=true')).toContain('policy/v1beta1/poddisruptionbudgets');
  });

  it.each([
    ['batch', 'takes GROUP/VERSION=true|false'],
    ['a/b/c/d=true', 'takes GROUP/VERSION=true|false'],
    ['zoo/v1=true', 'unknown API group "zoo"'],
    ['batch/v7=true', 'batch/v7, which is not there; there is batch/v1, batch/v1beta1'],
    ['batch/v1/Jobs=true', 'the resource "Jobs", which is not in batch/v1; there is cronjobs, jobs'],
    ['batch/v1=yes', 'takes batch/v1=true or batch/v1=false, not "batch/v1=yes"'],
    ['api/beta=1', 'takes api/beta=true or api/beta=false'],
    ['api/all=false', 'leaves nothing to serve'],
  ])('refuses %s', (entry, why) => {
    expect(() => served(entry)).toThrow(why);
  });
});
