import { describe, expect, it } from 'vitest';
import { type EventResource, kindToWatch, labelOf } from './events.ts';

// Upstream: the resources of `framework/types.go`.
describe('events', () => {
  it.each<[EventResource, string]>([
    ['Node', 'NodeAdd'],
    ['UnscheduledPod', 'UnschedulablePodAdd'],
    ['PersistentVolumeClaim', 'PersistentVolumeClaimAdd'],
    ['CSINode', 'storage.k8s.io/CSINodeAdd'],
    ['StorageClass', 'storage.k8s.io/StorageClassAdd'],
    ['ResourceClaim', 'resource.k8s.io/ResourceClaimAdd'],
    ['foos.v1.example.com', 'foos.v1.example.comAdd'],
  ])('of %s are called %s', (resource, label) => {
    expect(labelOf({ resource, action: 'Add' })).toBe(label);
  });

  // Upstream: `addAllEventHandlers` of `eventhandlers.go`.
  it.each<[string, object | undefined]>([
    ['Pod', undefined],
    ['Node', undefined],
    ['StorageClass', { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' }],
    ['foos.v1.example.com', { group: 'example.com', version: 'v1', resource: 'foos' }],
    ['bars.v1beta1.a.b.c', { group: 'a.b.c', version: 'v1beta1', resource: 'bars' }],
  ])('of %s need a watch, or none', (resource, kind) => {
    const watched = kindToWatch(resource as EventResource);
    expect(watched && { group: watched.group, version: watched.version, resource: watched.resource }).toEqual(kind);
  });

  it('of what nobody knows are refused', () => {
    expect(() => kindToWatch('foos.v1' as EventResource)).toThrow('there are no events of foos.v1; ');
  });
});
