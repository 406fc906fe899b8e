import { describe, expect, it } from 'vitest';
import type { Service } from '../../api/index.ts';
import { findServiceProblem, LOCAL, PASSED, withFinding } from './availability-plan.ts';
import { readAggregated, readResourceList, readSpecUrl } from './discovery-documents.ts';
import type { RemoteService } from './remote-service.ts';
import { namesUser, userHeaders } from './user-headers.ts';

const remote = { service: { namespace: 'ns', name: 'api', port: 443 } } as RemoteService;
const state = { slices: [], hasEndpoints: false, hasAddresses: () => false };
const service = (spec: object) => ({ metadata: {}, spec, status: {} }) as Service;

describe('what a Service tells of the server behind it', () => {
  const ports = [{ name: 'https', port: 443 }];

  it('is what upstream says', () => {
    const clusterIp = service({ type: 'ClusterIP', ports });
    expect(findServiceProblem(remote, { ...state, service: undefined })?.reason).toBe('ServiceNotFound');
    expect(findServiceProblem(remote, { ...state, service: service({ type: 'ClusterIP', ports: [{ port: 80 }] }) })?.reason).toBe(
      'ServicePortError',
    );
    expect(findServiceProblem(remote, { ...state, service: clusterIp })?.reason).toBe('EndpointsNotFound');
    expect(findServiceProblem(remote, { ...state, service: clusterIp, hasEndpoints: true })?.reason).toBe('MissingEndpoints');
    const hasAddresses = (portName: string) => portName === 'https';
    expect(findServiceProblem(remote, { ...state, service: clusterIp, hasEndpoints: true, hasAddresses })).toBeUndefined();
    expect(findServiceProblem(remote, { ...state, service: service({ type: 'ExternalName' }) })).toBeUndefined();
  });

  it('is written when it is news; its time is that of the last change of status', () => {
    const [first] = withFinding(undefined, PASSED, 'then') ?? [];
    expect(first).toEqual({ ...PASSED, lastTransitionTime: 'then' });
    expect(withFinding(first && [first], PASSED, 'now')).toBeUndefined();
    expect(withFinding(first && [first], LOCAL, 'now')).toEqual([{ ...LOCAL, lastTransitionTime: 'then' }]);
    expect(withFinding(first && [first], { ...PASSED, status: 'False' }, 'now')?.[0]?.lastTransitionTime).toBe('now');
  });
});

describe('the headers of a user', () => {
  it('have all that is known, bytes as they are', () => {
    expect(userHeaders({ name: 'jané', uid: 'u', groups: ['a', 'b'], extra: { 'acme.com/x%': ['1', '2'] } })).toEqual([
      ...['X-Remote-User', 'janÃ©', 'X-Remote-Uid', 'u', 'X-Remote-Group', 'a', 'X-Remote-Group', 'b'],
      ...['X-Remote-Extra-acme.com%2Fx%25', '1', 'X-Remote-Extra-acme.com%2Fx%25', '2'],
    ]);
  });

  it('are known whoever sends them', () => {
    expect(['x-remote-user', 'x-remote-uid', 'x-remote-group', 'x-remote-extra-a'].every(namesUser)).toBe(true);
    expect(namesUser('x-remote-addr')).toBe(false);
  });
});

describe('documents of other servers', () => {
  const gv = { group: 'g', version: 'v1' };

  it('are read with care', () => {
    for (const odd of [null, 1, [], {}, { items: 3 }, { items: [null, { metadata: 3, versions: {} }] }]) {
      expect(readAggregated(odd, gv)).toEqual([]);
      expect(readResourceList(odd)).toEqual([]);
      expect(readSpecUrl(odd, 'apis/g/v1')).toBeUndefined();
    }
    expect(readSpecUrl({ paths: { 'apis/g/v1': { serverRelativeURL: 'https://example.com/' } } }, 'apis/g/v1')).toBeUndefined();
  });

  it('say of every resource what it answers', () => {
    const versions = [{ version: 'v1', resources: [{ resource: 'a', subresources: [{ subresource: 'status' }] }] }];
    const nobody = { group: '', version: '', kind: '' };
    expect(readAggregated({ items: [{ metadata: { name: 'g' }, versions }] }, gv)).toEqual([
      { resource: 'a', responseKind: nobody, subresources: [{ subresource: 'status', responseKind: nobody }] },
    ]);
  });

  it('of older servers become what new ones say', () => {
    const list = [
      { name: 'as', singularName: 'a', namespaced: true, kind: 'A', verbs: ['get'], shortNames: ['x'] },
      { name: 'as/scale', namespaced: true, kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get'] },
      { name: 'bs/log', namespaced: false, verbs: ['get'] },
    ];
    expect(readResourceList({ resources: list })).toEqual([
      {
        resource: 'as',
        responseKind: { group: '', version: '', kind: 'A' },
        scope: 'Namespaced',
        singularResource: 'a',
        verbs: ['get'],
        shortNames: ['x'],
        subresources: [{ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get'] }],
      },
      {
        resource: 'bs',
        scope: 'Cluster',
        responseKind: { group: '', version: '', kind: '' },
        verbs: null,
        subresources: [{ subresource: 'log', responseKind: { group: '', version: '', kind: '' }, verbs: ['get'] }],
      },
    ]);
    const contradiction = [
      { name: 'as', namespaced: true },
      { name: 'as/log', namespaced: false },
    ];
    expect(() => readResourceList({ resources: contradiction })).toThrow('scope do not match');
  });
});
