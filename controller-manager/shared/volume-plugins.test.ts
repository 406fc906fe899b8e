import { expect, it } from 'vitest';
import { pluginOf } from './volume-plugins.ts';

it.each([
  [{ csi: { driver: 'd.io', volumeHandle: 'h' } }, 'kubernetes.io/csi:d.io'],
  [{ hostPath: { path: '/tmp' } }, 'kubernetes.io/host-path'],
  [{ local: { path: '/mnt' } }, 'kubernetes.io/local-volume'],
  [{ nfs: { server: 's', path: '/' } }, 'kubernetes.io/nfs'],
  [{ iscsi: { targetPortal: 'p', iqn: 'i', lun: 0 } }, 'kubernetes.io/iscsi'],
  [{ glusterfs: { endpoints: 'e', path: 'p' } }, 'N/A'],
])('%j is of %s', (spec, plugin) => {
  expect(pluginOf({ metadata: {}, spec, status: {} })).toBe(plugin);
});
