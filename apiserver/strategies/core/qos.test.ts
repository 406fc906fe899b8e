import { expect, it } from 'vitest';
import type { PodSpec, ResourceRequirements } from '../../../api/index.ts';
import { qosClassOf } from './qos.ts';

const spec = (...containers: readonly ResourceRequirements[]): PodSpec => ({
  containers: containers.map((resources, i) => ({ name: `c${i}`, resources })),
});
const full = { cpu: '1', memory: '1Gi' };

it.each<readonly [name: string, spec: PodSpec, qosClass: string]>([
  ['nothing', spec({}), 'BestEffort'],
  ['other resources alone', spec({ requests: { 'ephemeral-storage': '1Gi' }, limits: { 'example.com/gpu': '1' } }), 'BestEffort'],
  ['all limited and requested', spec({ limits: full, requests: full }, { limits: full, requests: full }), 'Guaranteed'],
  [
    'the same amount in other words',
    spec({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1073741824' } }),
    'Guaranteed',
  ],
  ['a container without', spec({ limits: full, requests: full }, {}), 'Burstable'],
  ['requests alone', spec({ requests: full }), 'Burstable'],
  ['requests below limits', spec({ limits: full, requests: { cpu: '500m', memory: '1Gi' } }), 'Burstable'],
  ['a request of zero', spec({ limits: full, requests: { cpu: '0', memory: '1Gi' } }), 'Burstable'],
  ['an init container without', { ...spec({ limits: full, requests: full }), initContainers: [{ name: 'i' }] }, 'Burstable'],
  ['the pod as a whole', { ...spec({}), resources: { limits: full, requests: full } }, 'Guaranteed'],
])('%s', (_name, pod, qosClass) => {
  expect(qosClassOf(pod)).toBe(qosClass);
});
