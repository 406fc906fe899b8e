import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import { admit } from './admission.ts';

const node = { metadata: { name: 'node-0', labels: { disk: 'ssd', size: '3' } } };
const allocatable = { cpu: '4', memory: '8Gi', pods: '3' };
const asking = (requests: Record<string, string>) => aPod({ containers: [aContainer('main', { resources: { requests } })] });
const verdict = (pod: Pod, others: readonly Pod[] = []) => admit(pod, { node, allocatable, others });
const withAffinity = (key: string, operator: string, values: string[] = []) =>
  aPod({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }] },
      },
    },
  });
const onPort = (hostPort: number, hostIP = '') =>
  aPod({ containers: [aContainer('main', { ports: [{ containerPort: 80, hostPort, protocol: 'TCP', hostIP }] })] });

test('a pod that fits is taken', () => {
  expect(verdict(asking({ cpu: '4', memory: '8Gi' }))).toBeUndefined();
});

test('what does not fit is refused in upstream words', () => {
  expect(verdict(asking({ cpu: '3' }), [asking({ cpu: '1500m' })])).toEqual({
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000",
  });
  expect(verdict(asking({ memory: '9Gi' }))?.reason).toBe('OutOfmemory');
  expect(verdict(aPod(), [aPod(), aPod(), aPod()])?.message).toBe(
    "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  );
});

test('resources of a node’s own count; those that no node has are somebody else’s to give', () => {
  expect(verdict(asking({ 'example.com/gpu': '1' }))).toBeUndefined();
  const owner = { node, allocatable: { ...allocatable, 'example.com/gpu': '2' } };
  expect(admit(asking({ 'example.com/gpu': '2' }), { ...owner, others: [asking({ 'example.com/gpu': '1' })] })?.message).toBe(
    "Pod was rejected: Node didn't have enough resource: example.com/gpu, requested: 2, used: 1, capacity: 2",
  );
});

test('a taint that evicts keeps pods out, but for static ones and those that tolerate it', () => {
  const tainted = { metadata: node.metadata, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } };
  const asked = (pod: Pod) => admit(pod, { node: tainted, allocatable, others: [] })?.reason;
  expect(asked(aPod())).toBe('TaintToleration');
  expect(asked(aPod({ tolerations: [{ key: 'k', operator: 'Exists' }] }))).toBeUndefined();
  const mirror = aPod();
  mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
  expect(asked(mirror)).toBeUndefined();
});

test('a pod of another system is refused', () => {
  expect(verdict(aPod({ os: { name: 'windows' } }))?.reason).toBe('PodOSNotSupported');
  const sysctls = [{ name: 'kernel.msgmax', value: '1' }];
  expect(verdict(aPod({ os: { name: 'windows' }, securityContext: { sysctls } }))?.reason).toBe('SysctlForbidden');
});

test('the node must match the selector and the affinity', () => {
  expect(verdict(aPod({ nodeSelector: { disk: 'ssd' } }))).toBeUndefined();
  expect(verdict(aPod({ nodeSelector: { disk: 'hdd' } }))?.reason).toBe('NodeAffinity');
  expect(verdict(withAffinity('disk', 'NotIn', ['ssd']))?.reason).toBe('NodeAffinity');
  expect(verdict(withAffinity('size', 'Gt', ['2']))).toBeUndefined();
  expect(verdict(withAffinity('gpu', 'Exists'))?.reason).toBe('NodeAffinity');
});

test('a host port is given once, per address', () => {
  expect(verdict(onPort(80), [onPort(80)])?.reason).toBe('NodePorts');
  expect(verdict(onPort(80, '10.0.0.1'), [onPort(80, '10.0.0.2')])).toBeUndefined();
  expect(verdict(onPort(80, '10.0.0.1'), [onPort(80)])?.reason).toBe('NodePorts');
});

test.each<[name: string, spec: Partial<Pod['spec']>, why: string | undefined]>([
  ['kernel.shm_rmid_forced', {}, undefined],
  ['kernel/shm_rmid_forced', {}, undefined],
  ['net.ipv4.ip_local_port_range', {}, undefined],
  ['kernel.msgmax', {}, undefined],
  ['kernel.sem', {}, undefined],
  ['kernel/sem', {}, undefined],
  ['net/core/eth0.1', {}, undefined],
  ['kernel/shm_rmid_forced', { hostIPC: true }, '"kernel.shm_rmid_forced" not allowed with host IPC enabled'],
  ['net.ipv4.ip_local_port_range', { hostNetwork: true }, '"net.ipv4.ip_local_port_range" not allowed with host Net enabled'],
  ['foo', {}, '"foo" not allowlisted'],
  ['net.a.b.c', {}, '"net.a.b.c" not allowlisted'],
  ['net.ipv4.ip_local_port_range.a.b.c', {}, '"net.ipv4.ip_local_port_range.a.b.c" not allowlisted'],
  ['kernel.msgmax', { hostIPC: true }, '"kernel.msgmax" not allowed with host IPC enabled'],
  ['kernel.sem', { hostIPC: true }, '"kernel.sem" not allowed with host IPC enabled'],
  ['net.b.c', { hostNetwork: true }, '"net.b.c" not allowed with host Net enabled'],
])('parameters of the kernel that a node was told to allow: %s %o', (name, spec, why) => {
  const pod = aPod({ ...spec, securityContext: { sysctls: [{ name, value: '1' }] } });
  const unsafeSysctls = ['kernel.msg*', 'kernel/sem', 'net.b.*', 'net.core.eth0/1'];
  const message = `Pod was rejected: forbidden sysctl: ${why}`;
  expect(admit(pod, { node, allocatable, others: [], unsafeSysctls })).toEqual(why && { reason: 'SysctlForbidden', message });
});

test.each([
  [[{ name: 'kernel.shm_rmid_forced', value: '1' }], {}, undefined],
  [[{ name: 'net/ipv4/tcp_syncookies', value: '1' }], {}, undefined],
  [[{ name: 'kernel.msgmax', value: '1' }], {}, 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'],
  [
    [{ name: 'kernel.shm_rmid_forced', value: '1' }],
    { hostIPC: true },
    'Pod was rejected: forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host IPC enabled',
  ],
])('parameters of the kernel that would harm others are refused: %o %o', (sysctls, spec, message) => {
  const refused = verdict(aPod({ ...spec, securityContext: { sysctls } }));
  expect(refused).toEqual(message === undefined ? undefined : { reason: 'SysctlForbidden', message });
});

test('host ports of sidecars count', () => {
  const ports = [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }];
  const sidecar = (restartPolicy?: string) => aPod({ initContainers: [aContainer('side', { ports, restartPolicy })] });
  expect(verdict(onPort(8080), [sidecar('Always')])?.reason).toBe('NodePorts');
  expect(verdict(onPort(8080), [sidecar()])).toBeUndefined();
});

test('the operating system that a pod is refused for is that of its label, not of its selector', () => {
  const linux = { metadata: { name: 'node-0', labels: { 'kubernetes.io/os': 'linux' } } };
  const asked = (pod: Pod) => admit(pod, { node: linux, allocatable, others: [] })?.reason;
  const labels = { 'kubernetes.io/os': 'windows' };
  expect(asked(aPod({ nodeSelector: labels }))).toBe('NodeAffinity');
  const labelled = aPod();
  expect(asked({ ...labelled, metadata: { ...labelled.metadata, labels } })).toBe('PodOSSelectorNodeLabelDoesNotMatch');
});
