import { expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import type { JsonObject } from './json-node.ts';
import { mergeV2, type RemoteSpec } from './remote-specs.ts';
import { inTurns } from './steps.ts';

const merge = (document: JsonObject, specs: readonly RemoteSpec[]) => inTurns(mergeV2(document, specs), new VirtualClock());

const own = {
  paths: { '/api/': { get: {} } },
  definitions: {
    Same: { type: 'object', 'x-kubernetes-group-version-kind': [{ kind: 'A' }] },
    Other: { type: 'string' },
    Other_v2: { type: 'boolean' },
  },
};
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });

it('takes what belongs to the version, under names that are free', async () => {
  const v2 = {
    paths: {
      '/apis/g/v1/as': { parameters: [{ $ref: '#/parameters/p' }], get: { schema: ref('Top') } },
      '/apis/g/v2/as': { get: { schema: ref('Unused') } },
    },
    definitions: {
      Top: { properties: { same: ref('Same'), other: ref('Other'), self: ref('Top') } },
      Same: { type: 'object', 'x-kubernetes-group-version-kind': [{ kind: 'B' }] },
      Other: { type: 'integer' },
      Unused: {},
    },
    parameters: { p: { name: 'p', in: 'query' }, q: {} },
  };
  const merged = await merge(own, [{ name: 'apis/g/v1', url: undefined, v2 }]);
  expect(merged.paths).toEqual({
    '/api/': { get: {} },
    '/apis/g/v1/as': { parameters: [{ $ref: '#/parameters/p' }], get: { schema: ref('Top') } },
  });
  expect(merged.definitions).toEqual({
    ...own.definitions,
    Top: { properties: { same: ref('Same'), other: ref('Other_v3'), self: ref('Top') } },
    Other_v3: { type: 'integer' },
  });
  expect(merged.parameters).toEqual({ p: { name: 'p', in: 'query' } });
  // A second server that means the same uses the same name.
  const second = { paths: { '/apis/h/v1/os': { get: { schema: ref('Other') } } }, definitions: { Other: { type: 'integer' } } };
  const twice = await merge(merged, [{ name: 'apis/h/v1', url: undefined, v2: second }]);
  expect(twice.definitions).toEqual(merged.definitions);
  expect(twice.paths).toMatchObject({ '/apis/h/v1/os': { get: { schema: ref('Other_v3') } } });
});

it('leaves ours alone where there is nothing', async () => {
  expect(await merge(own, [{ name: 'apis/g/v1', url: 'u', v2: undefined }])).toBe(own);
});
