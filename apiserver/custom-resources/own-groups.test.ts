// Definitions in groups that the server has kinds of its own in.
import { expect, test } from 'vitest';
import { CRDS, definition, establish, gone, startCrdServer, until, version } from './testing.ts';

const GROUP = 'apiextensions.k8s.io';

const ofOwnGroup = (plural: string) => ({
  ...definition(
    { plural, singular: 'foo', kind: 'Foo', listKind: 'FooList' },
    { group: GROUP, versions: [version('v1'), version('vfake', { storage: false })] },
  ),
  metadata: { name: `${plural}.${GROUP}`, annotations: { 'api-approved.kubernetes.io': 'unapproved' } },
});

test.each(['foos', 'customresourcedefinitions'])(
  '%s of a group of the server are told of in other versions, and served in none',
  async (plural) => {
    await using server = await startCrdServer();
    await establish(server, ofOwnGroup(plural));
    const resourcesOf = async (apiVersion: string) =>
      (await server.request('GET', `/apis/${apiVersion}`)).json<{ resources: { name: string; kind: string }[] }>().resources;
    expect((await resourcesOf(`${GROUP}/v1`)).map(({ kind }) => kind)).not.toContain('Foo');
    expect((await server.request('GET', `/apis/${GROUP}/vfake`)).status).toBe(404);
    const { versions } = (await server.request('GET', `/apis/${GROUP}`)).json<{ versions: { version: string }[] }>();
    expect(versions.map((each) => each.version)).toContain('vfake');
    expect((await server.request('GET', `/apis/${GROUP}/vfake/${plural}`)).status).toBe(404);
    expect((await server.request('GET', `/apis/${GROUP}/v1/foos`)).status).toBe(404);
    expect((await server.request('GET', CRDS)).json()).toMatchObject({ kind: 'CustomResourceDefinitionList', items: [{}] });
    // What goes with it is not the server's own objects of that name.
    await establish(server, definition({ plural: 'gizmos', kind: 'Gizmo' }));
    await server.request('DELETE', `${CRDS}/${plural}.${GROUP}`);
    await until(server, `${CRDS}/${plural}.${GROUP}`, gone);
    expect((await server.request('GET', CRDS)).json()).toMatchObject({ items: [{ metadata: { name: 'gizmos.example.com' } }] });
  },
);
