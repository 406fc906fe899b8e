import { describe, expect, it } from 'vitest';
import { coreKinds, type KindInfo, type KubeObject, type ParamRef } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { ServedVersions } from '../matching/served-versions.ts';
import { collectParams, type ParamPlaces, resolveParamKind } from './params.ts';

const secret = (namespace: string, name: string, labels = {}): KubeObject => ({ metadata: { namespace, name, labels } });
const SECRETS = [secret('ns', 'a', { use: 'yes' }), secret('ns', 'b', { use: 'yes' }), secret('ns', 'c'), secret('other', 'a')];

/** @param late what is there only once the caches are fresh. */
function places(late: readonly KubeObject[] = []): ParamPlaces {
  let known = SECRETS;
  const objects = {
    get: (_kind: KindInfo, namespace: string, name: string) =>
      known.find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace),
    list: (_kind: KindInfo, namespace: string) => known.filter(({ metadata }) => metadata.namespace === namespace),
    fresh: async () => {
      await Promise.resolve();
      known = [...SECRETS, ...late];
    },
  } as unknown as ObjectReader;
  const versions = { convert: (object: KubeObject) => object } as unknown as ServedVersions;
  return { objects, versions, kinds: () => [coreKinds.secrets, coreKinds.namespaces] };
}

const collect = async (
  ref: ParamRef | undefined,
  { kind = coreKinds.secrets, namespace = 'ns', late = [] as readonly KubeObject[] } = {},
) =>
  (await collectParams(places(late), kind, ref, namespace)).map(
    (object) => object && `${object.metadata.namespace}/${object.metadata.name}`,
  );

describe('parameters', () => {
  it('are none where the policy or the binding names none', async () => {
    expect(await collect(undefined)).toEqual([undefined]);
    expect(await collectParams(places(), undefined, { name: 'a' }, 'ns')).toEqual([undefined]);
  });

  it.each<readonly [ParamRef, readonly string[]]>([
    [{ name: 'a' }, ['ns/a']],
    [{ name: 'a', namespace: 'other' }, ['other/a']],
    [{ selector: { matchLabels: { use: 'yes' } } }, ['ns/a', 'ns/b']],
    [{ selector: {} }, ['ns/a', 'ns/b', 'ns/c']],
    [{ name: 'nobody', parameterNotFoundAction: 'Allow' }, []],
  ])('%j: %j', async (ref, found) => {
    expect(await collect(ref)).toEqual(found);
  });

  it('may have just been written by another server', async () => {
    expect(await collect({ name: 'late', parameterNotFoundAction: 'Deny' }, { late: [secret('ns', 'late')] })).toEqual(['ns/late']);
  });

  it.each<readonly [ParamRef, string, Parameters<typeof collect>[1]]>([
    [{ name: 'nobody', parameterNotFoundAction: 'Deny' }, 'no params found for policy binding with `Deny` parameterNotFoundAction', {}],
    [{ name: 'a' }, 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources', { namespace: '' }],
    [
      { name: 'a', namespace: 'ns' },
      'paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
      { kind: coreKinds.namespaces },
    ],
  ])('%j: %s', async (ref, why, given) => {
    await expect(collect(ref, given)).rejects.toThrow(why);
  });

  it('are of a kind that is served', () => {
    expect(resolveParamKind(places(), { apiVersion: 'v1', kind: 'Secret' })).toBe(coreKinds.secrets);
    expect(() => resolveParamKind(places(), { apiVersion: 'a/v1', kind: 'B' })).toThrow(
      "failed to find resource referenced by paramKind: 'a/v1, Kind=B'",
    );
  });
});
