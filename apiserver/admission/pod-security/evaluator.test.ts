import { describe, expect, test } from 'vitest';
import type { PodSpec } from '../../../api/index.ts';
import { checkedPod } from './check.ts';
import { detailsOf, reasonsOf, violationsOf } from './evaluator.ts';
import type { LevelVersion } from './policy.ts';

type Version = LevelVersion['version'];

const pod = (spec: object, annotations?: Record<string, string>) =>
  checkedPod(annotations, { containers: [], ...spec } as unknown as PodSpec);
const baseline = (spec: object, version: Version = 'latest', annotations?: Record<string, string>) =>
  detailsOf(violationsOf({ level: 'baseline', version }, pod(spec, annotations)));
const restricted = (spec: object, version: Version = 'latest') => detailsOf(violationsOf({ level: 'restricted', version }, pod(spec)));

const container = (name: string, securityContext?: object, more: object = {}) => ({ name, securityContext, ...more });
/** Passes restricted. */
const GOOD = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('baseline', () => {
  const cases: readonly (readonly [name: string, spec: object, expected: string])[] = [
    ['nothing special', { containers: [container('a', { procMount: 'Default', privileged: false })] }, ''],
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true, hostIPC: true },
      'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    ],
    [
      'host paths',
      {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'w', emptyDir: {} },
          { name: 'x', hostPath: { path: '/' } },
        ],
      },
      'hostPath volumes (volumes "v", "x")',
    ],
    [
      'host ports',
      {
        containers: [
          container('a', undefined, { ports: [{ hostPort: 80 }, { containerPort: 1 }] }),
          container('b', undefined, { ports: [{ hostPort: 9 }] }),
        ],
      },
      'hostPort (containers "a", "b" use hostPorts 80, 9)',
    ],
    [
      'privileged, in any sort of container',
      {
        containers: [container('c', { privileged: true })],
        initContainers: [container('i', { privileged: true })],
        ephemeralContainers: [container('e', { privileged: true })],
      },
      'privileged (containers "i", "c", "e" must not set securityContext.privileged=true)',
    ],
    [
      'capabilities',
      { containers: [container('a', { capabilities: { add: ['NET_ADMIN', 'CHOWN', 'BPF'] } })] },
      'non-default capabilities (container "a" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'AppArmor',
      {
        securityContext: { appArmorProfile: { type: 'Unconfined' } },
        containers: [
          container('a', { appArmorProfile: { type: 'Unconfined' } }),
          container('b', { appArmorProfile: { type: 'Localhost' } }),
        ],
      },
      'forbidden AppArmor profile (pod and container "a" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      '/proc',
      { containers: [container('a', { procMount: 'Unmasked' })] },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'SELinux',
      {
        securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } },
        containers: [container('a', { seLinuxOptions: { type: 'a_t', role: 'r' } }), container('b', { seLinuxOptions: { level: 's0' } })],
      },
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "a_t", "spc_t"; user may not be set; role may not be set)',
    ],
    [
      'seccomp',
      {
        securityContext: { seccompProfile: { type: 'Unconfined' } },
        containers: [container('a', { seccompProfile: { type: 'Localhost' } })],
      },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }, { name: 'a' }] } },
      'forbidden sysctls (kernel.msgmax, a)',
    ],
    [
      'host processes of Windows',
      {
        securityContext: { windowsOptions: { hostProcess: true } },
        containers: [container('a', { windowsOptions: { hostProcess: true } })],
      },
      'hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'hosts of probes and hooks',
      {
        containers: [
          container('b', undefined, { livenessProbe: { httpGet: { host: 'h' } }, lifecycle: { preStop: { tcpSocket: { host: 'g' } } } }),
          container('a', undefined, { startupProbe: { tcpSocket: { host: 'h' } } }),
        ],
      },
      'probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "g", "h")',
    ],
  ];

  test.each(cases)('%s', (_name, spec, expected) => {
    expect(baseline(spec)).toBe(expected);
  });

  test('AppArmor by annotation', () => {
    const key = 'container.apparmor.security.beta.kubernetes.io/';
    const annotations = { [`${key}a`]: 'unconfined', [`${key}b`]: 'localhost/x', [`${key}c`]: 'runtime/default' };
    expect(baseline({}, 'latest', annotations)).toBe(
      `forbidden AppArmor profile (annotation must not set AppArmor profile type to "${key}a="unconfined"")`,
    );
  });

  test('what it was in other versions', () => {
    const sysctls = (...names: readonly string[]) => ({ securityContext: { sysctls: names.map((name) => ({ name })) } });
    const all = sysctls('net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_wmem');
    expect([0, 27, 29, 32].map((version) => baseline(all, version))).toEqual([
      'forbidden sysctls (net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_wmem)',
      'forbidden sysctls (net.ipv4.tcp_fin_timeout, net.ipv4.tcp_wmem)',
      'forbidden sysctls (net.ipv4.tcp_wmem)',
      '',
    ]);
    const engine = { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } };
    expect([30, 31].map((version) => baseline(engine, version) === '')).toEqual([false, true]);
    const probe = { containers: [container('a', undefined, { readinessProbe: { httpGet: { host: 'h' } } })] };
    expect([33, 34, 99].map((version) => baseline(probe, version) === '')).toEqual([true, false, false]);
    const unconfined = { securityContext: { seccompProfile: { type: 'Unconfined' } } };
    expect([18, 19].map((version) => baseline(unconfined, version) === '')).toEqual([true, false]);
    const key = 'seccomp.security.alpha.kubernetes.io/pod';
    expect(baseline({}, 18, { [key]: 'unconfined' })).toBe(`seccompProfile (forbidden annotation ${key}="unconfined")`);
    expect(baseline({}, 18, { [key]: 'docker/default' })).toBe('');
    expect(baseline({}, 19, { [key]: 'unconfined' })).toBe('');
  });
});

describe('restricted', () => {
  test('lets a hardened pod pass, whoever of the two says so', () => {
    expect(restricted({ containers: [container('a', GOOD)] })).toBe('');
    const { runAsNonRoot, seccompProfile, ...own } = GOOD;
    expect(restricted({ securityContext: { runAsNonRoot, seccompProfile }, containers: [container('a', own)] })).toBe('');
  });

  test('asks for what is not said', () => {
    expect(restricted({ containers: [container('a'), container('b', GOOD)], initContainers: [container('i')] })).toBe(
      'allowPrivilegeEscalation != false (containers "i", "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (containers "i", "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or containers "i", "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or containers "i", "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  const cases: readonly (readonly [name: string, spec: object, expected: string])[] = [
    [
      'capabilities',
      { containers: [container('a', { ...GOOD, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] } })] },
      'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      'volumes, the same said once',
      {
        containers: [container('a', GOOD)],
        volumes: [{ name: 'h', hostPath: {} }, { name: 'n', nfs: {} }, { name: 'c', configMap: {} }, { name: 'x' }],
      },
      'restricted volume types (volumes "h", "n", "x" use restricted volume types "hostPath", "nfs", "unknown")',
    ],
    [
      'root',
      { securityContext: { runAsNonRoot: false, runAsUser: 0 }, containers: [container('a', { ...GOOD, runAsUser: 0 })] },
      'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container "a" must not set runAsUser=0)',
    ],
    [
      'a bad profile of a container',
      { containers: [container('a', { ...GOOD, seccompProfile: { type: 'Unconfined' } })] },
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
  ];

  test.each(cases)('%s', (_name, spec, expected) => {
    expect(restricted(spec)).toBe(expected);
  });

  test('grew with the versions', () => {
    const bare = pod({ containers: [container('a', { runAsUser: 0, capabilities: { add: ['BPF'] } })] });
    const reasons = (version: Version) => reasonsOf(violationsOf({ level: 'restricted', version }, bare));
    expect(reasons(0)).toBe('non-default capabilities, runAsNonRoot != true');
    expect(reasons(8)).toBe('non-default capabilities, allowPrivilegeEscalation != false, runAsNonRoot != true');
    expect(reasons(19)).toBe('non-default capabilities, allowPrivilegeEscalation != false, runAsNonRoot != true, seccompProfile');
    expect(reasons(22)).toBe('allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile');
    const now = 'allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, runAsUser=0, seccompProfile';
    expect([reasons(23), reasons('latest'), reasons(40)]).toEqual([now, now, now]);
  });

  test('asks of Windows what Windows has, since 1.25', () => {
    const windows = { os: { name: 'windows' }, containers: [container('a')] };
    expect(restricted(windows)).toBe('runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)');
    expect(restricted(windows, 24)).toContain('allowPrivilegeEscalation != false');
  });
});

test('privileged lets everything pass', () => {
  const all = pod({ hostNetwork: true, containers: [container('a', { privileged: true })] });
  expect(violationsOf({ level: 'privileged', version: 'latest' }, all)).toEqual([]);
});
