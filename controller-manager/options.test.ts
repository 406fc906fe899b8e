import { describe, expect, it } from 'vitest';
import { helpText, OptionError, parseOptions } from '../runtime/index.ts';
import { absentControllers, CONTROLLERS, selectControllers } from './controllers.ts';
import { controllerManagerOptions, settingsOf } from './options.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { checkUpstreamOptions, inertOptions, unheededGates } from './upstream-options.ts';

const parse = (...argv: string[]) => parseOptions(controllerManagerOptions, argv).values;

describe('options', () => {
  it('default to the settings that controllers have by themselves', () => {
    expect(settingsOf(parse(), undefined)).toEqual(DEFAULT_SETTINGS);
  });

  it('are read into settings', () => {
    const values = parse(
      '--node-monitor-grace-period=40s',
      '--node-eviction-rate',
      '0.5',
      '--cluster-cidr=10.9.0.0/16',
      '--allocate-node-cidrs=false',
    );
    expect(settingsOf(values, 'PEM')).toMatchObject({
      nodeMonitorGracePeriodMs: 40_000,
      nodeEvictionRate: 0.5,
      clusterCidr: '10.9.0.0/16',
      allocateNodeCidrs: false,
      rootCa: 'PEM',
    });
  });

  it.each(['--node-eviction-rate=often', '--horizontal-pod-autoscaler-tolerance=', '--kube-api-qps=many'])('refuse %s', (argument) => {
    expect(() => parse(argument)).toThrow(OptionError);
  });

  it('take numbers as Go writes them', () => {
    const values = parse('--node-eviction-rate=.2', '--horizontal-pod-autoscaler-tolerance=5e-2', '--kube-api-qps=50.0');
    expect(settingsOf(values, undefined)).toMatchObject({ nodeEvictionRate: 0.2, autoscalerTolerance: 0.05 });
    expect(values['kube-api-qps']).toBe(50);
  });

  it('say how long wiping a volume may take', () => {
    const values = parse('--pv-recycler-minimum-timeout-hostpath=45', '--pv-recycler-increment-timeout-nfs=20');
    expect(settingsOf(values, undefined).recyclerTimes).toEqual({
      hostPath: { minimumSeconds: 45, perGiSeconds: 30 },
      nfs: { minimumSeconds: 300, perGiSeconds: 20 },
    });
  });

  it('have help for each', () => {
    const help = helpText('x', 'y', controllerManagerOptions);
    for (const name of ['kubeconfig', 'controllers', 'leader-elect', 'concurrent-deployment-syncs', 'kube-api-qps'])
      expect(help).toContain(`--${name}`);
    expect(help).toContain('(default 50s)');
  });
});

/** Every option that kube-controller-manager 1.34 documents. */
const UPSTREAM_OPTIONS = `
  allocate-node-cidrs allow-metric-labels allow-metric-labels-manifest attach-detach-reconcile-sync-period authentication-kubeconfig
  authentication-skip-lookup authentication-token-webhook-cache-ttl authentication-tolerate-lookup-failure
  authorization-always-allow-paths authorization-kubeconfig authorization-webhook-cache-authorized-ttl
  authorization-webhook-cache-unauthorized-ttl bind-address cert-dir cidr-allocator-type client-ca-file cloud-config cloud-provider
  cluster-cidr cluster-name cluster-signing-cert-file cluster-signing-duration cluster-signing-key-file
  cluster-signing-kube-apiserver-client-cert-file cluster-signing-kube-apiserver-client-key-file
  cluster-signing-kubelet-client-cert-file cluster-signing-kubelet-client-key-file cluster-signing-kubelet-serving-cert-file
  cluster-signing-kubelet-serving-key-file cluster-signing-legacy-unknown-cert-file cluster-signing-legacy-unknown-key-file
  concurrent-cron-job-syncs concurrent-daemonset-syncs concurrent-deployment-syncs concurrent-endpoint-syncs
  concurrent-ephemeralvolume-syncs concurrent-gc-syncs concurrent-horizontal-pod-autoscaler-syncs concurrent-job-syncs
  concurrent-namespace-syncs concurrent-rc-syncs concurrent-replicaset-syncs concurrent-resource-quota-syncs
  concurrent-service-endpoint-syncs concurrent-service-syncs concurrent-serviceaccount-token-syncs concurrent-statefulset-syncs
  concurrent-ttl-after-finished-syncs concurrent-validating-admission-policy-status-syncs configure-cloud-routes
  contention-profiling controller-start-interval controllers disable-attach-detach-reconcile-sync disable-force-detach-on-timeout
  disable-http2-serving disabled-metrics emulated-version emulation-forward-compatible enable-dynamic-provisioning
  enable-garbage-collector enable-hostpath-provisioner enable-leader-migration endpoint-updates-batch-period
  endpointslice-updates-batch-period external-cloud-volume-plugin feature-gates flex-volume-plugin-dir
  horizontal-pod-autoscaler-cpu-initialization-period horizontal-pod-autoscaler-downscale-stabilization
  horizontal-pod-autoscaler-initial-readiness-delay horizontal-pod-autoscaler-sync-period horizontal-pod-autoscaler-tolerance
  http2-max-streams-per-connection kube-api-burst kube-api-content-type kube-api-qps kubeconfig large-cluster-size-threshold
  leader-elect leader-elect-lease-duration leader-elect-renew-deadline leader-elect-resource-lock leader-elect-resource-name
  leader-elect-resource-namespace leader-elect-retry-period leader-migration-config legacy-service-account-token-clean-up-period
  log-flush-frequency log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size log-text-split-stream logging-format
  master max-endpoints-per-slice min-resync-period mirroring-concurrent-service-endpoint-syncs
  mirroring-endpointslice-updates-batch-period mirroring-max-endpoints-per-subset namespace-sync-period node-cidr-mask-size
  node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6 node-eviction-rate node-monitor-grace-period node-monitor-period
  node-startup-grace-period permit-address-sharing permit-port-sharing profiling pv-recycler-increment-timeout-nfs
  pv-recycler-minimum-timeout-hostpath pv-recycler-minimum-timeout-nfs pv-recycler-pod-template-filepath-hostpath
  pv-recycler-pod-template-filepath-nfs pv-recycler-timeout-increment-hostpath pvclaimbinder-sync-period requestheader-allowed-names
  requestheader-client-ca-file requestheader-extra-headers-prefix requestheader-group-headers requestheader-uid-headers
  requestheader-username-headers resource-quota-sync-period root-ca-file route-reconciliation-period secondary-node-eviction-rate
  secure-port service-account-private-key-file service-cluster-ip-range show-hidden-metrics-for-version terminated-pod-gc-threshold
  tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file tls-sni-cert-key unhealthy-zone-threshold
  use-service-account-credentials v version vmodule
`;

describe("upstream's options", () => {
  const names = UPSTREAM_OPTIONS.trim().split(/\s+/);

  it('are all there', () => {
    expect(names.filter((name) => !Object.hasOwn(controllerManagerOptions, name))).toEqual([]);
  });

  it('are all that change nothing', () => {
    expect(Object.keys(inertOptions).filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each([
    ['--cidr-allocator-type=CloudAllocator', 'option --cidr-allocator-type takes RangeAllocator, not "CloudAllocator"'],
    ['--cloud-provider=gce', 'option --cloud-provider takes nothing or external, not "gce"'],
    ['--leader-elect-resource-lock=endpoints', 'option --leader-elect-resource-lock takes leases, not "endpoints"'],
    ['--emulated-version=kube=1.31', /^option --emulated-version takes 1\.34 or .*, not "kube=1\.31"$/],
  ])('there is no other: %s', (argument, message) => {
    expect(() => checkUpstreamOptions(parse(argument))).toThrow(message);
  });

  it.each(['--cloud-provider=external', '--emulated-version=1.34', '--leader-elect-resource-lock=leases'])(
    'there is such: %s',
    (argument) => {
      expect(() => checkUpstreamOptions(parse(argument))).not.toThrow();
    },
  );
});

describe('--feature-gates', () => {
  const gates = (value: string) => unheededGates(parse(`--feature-gates=${value}`)['feature-gates']);

  it.each([
    ['', []],
    ['NodeSwap=true,JobManagedBy=true,HPAScaleToZero=false', []],
    ['HPAScaleToZero=true,PodDeletionCost=false,JobManagedBy=1', ['HPAScaleToZero', 'PodDeletionCost']],
    ['AllAlpha=true,AllBeta=false', ['AllAlpha']],
  ])('%s: what is not followed is told', (value, unheeded) => {
    expect(gates(value)).toEqual(unheeded);
  });

  it.each([
    ['Nothing=true', 'unrecognized feature gate: Nothing'],
    ['HPAScaleToZero', 'missing bool value for HPAScaleToZero'],
    [
      'HPAScaleToZero=true,kube:PodDeletionCost=false',
      'set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use',
    ],
    ['JobSuccessPolicy=false', 'cannot set feature gate JobSuccessPolicy to false, feature is locked to true'],
  ])('%s is refused', (value, why) => {
    expect(() => gates(value)).toThrow(`option --feature-gates: ${why}`);
  });
});

describe('selectControllers', () => {
  const names = (...wanted: string[]) => selectControllers(wanted).map(({ name }) => name);

  it('takes all, some, all but some, and old names', () => {
    expect(names('*')).toHaveLength(CONTROLLERS.length - 2);
    expect(names('*', 'bootstrapsigner', 'tokencleaner')).toHaveLength(CONTROLLERS.length);
    expect(names('replicaset', 'garbage-collector-controller')).toEqual(['replicaset-controller', 'garbage-collector-controller']);
    expect(names('*', '-garbagecollector')).toHaveLength(CONTROLLERS.length - 3);
    expect(names()).toEqual([]);
  });

  it('says what there is when it does not know a name', () => {
    expect(() => names('nonsense')).toThrow(/no controller "nonsense"; there are serviceaccount-token-controller, /);
  });

  it("knows upstream's that are not here, and says so", () => {
    expect(names('*', '-cloud-node-lifecycle', 'route', '-selinux-warning-controller')).toHaveLength(CONTROLLERS.length - 2);
    expect(absentControllers(['*', 'route', 'job'])).toEqual([{ controller: 'node-route-controller', why: 'there is no cloud' }]);
  });

  it('has the garbage collector last, which shares what the others have', () => {
    expect(CONTROLLERS.at(-1)?.name).toBe('garbage-collector-controller');
  });
});
