import { describe, expect, it } from 'vitest';
import { parseOptions } from '../runtime/index.ts';
import { configz } from './configz.ts';
import { controllerManagerOptions } from './options.ts';

type Told = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What is told of a command line; upstream's 1.34.9 tells the same of each of these. */
const told = (...argv: string[]) =>
  (configz(parseOptions(controllerManagerOptions, argv).values) as { 'kubecontrollermanager.config.k8s.io': Told })[
    'kubecontrollermanager.config.k8s.io'
  ];

describe('what a controller manager tells of its options', () => {
  it('has all defaults, by the names of Go', () => {
    const all = told();
    expect(Object.keys(all).sort()).toEqual([
      ...['AttachDetachController', 'CSRSigningController', 'CronJobController', 'DaemonSetController', 'DeploymentController'],
      ...['DeprecatedController', 'EndpointController', 'EndpointSliceController', 'EndpointSliceMirroringController'],
      ...['EphemeralVolumeController', 'GarbageCollectorController', 'Generic', 'HPAController', 'JobController', 'KubeCloudShared'],
      ...['LegacySATokenCleaner', 'NamespaceController', 'NodeIPAMController', 'NodeLifecycleController'],
      ...['PersistentVolumeBinderController', 'PodGCController', 'ReplicaSetController', 'ReplicationController'],
      ...['ResourceQuotaController', 'SAController', 'ServiceController', 'StatefulSetController', 'TTLAfterFinishedController'],
      'ValidatingAdmissionPolicyStatusController',
    ]);
    expect(all.HPAController).toEqual({
      ConcurrentHorizontalPodAutoscalerSyncs: 5,
      HorizontalPodAutoscalerSyncPeriod: '15s',
      HorizontalPodAutoscalerDownscaleStabilizationWindow: '5m0s',
      HorizontalPodAutoscalerTolerance: 0.1,
      HorizontalPodAutoscalerCPUInitializationPeriod: '5m0s',
      HorizontalPodAutoscalerInitialReadinessDelay: '30s',
    });
    expect(all.Generic).toMatchObject({ MinResyncPeriod: '12h0m0s', Controllers: ['*'], Debugging: { EnableProfiling: true } });
    expect(all.KubeCloudShared).toMatchObject({ ClusterName: 'kubernetes', NodeMonitorPeriod: '5s', ConfigureCloudRoutes: true });
  });

  it('has what is given, of options without effect too', () => {
    const all = told(
      ...['--min-resync-period=90s', '--namespace-sync-period=1h', '--kube-api-qps=7.5', '--concurrent-gc-syncs=3'],
      ...['--service-cluster-ip-range=10.96.0.0/16,fd00::/112', '--cluster-signing-kubelet-client-cert-file=/a'],
      ...['--leader-elect=false', '--use-service-account-credentials', '--controllers=*,-job'],
    );
    expect(all.Generic).toMatchObject({
      MinResyncPeriod: '1m30s',
      ClientConnection: { QPS: 7.5 },
      LeaderElection: { LeaderElect: false },
      Controllers: ['*', '-job'],
    });
    expect(all.NamespaceController).toMatchObject({ NamespaceSyncPeriod: '1h0m0s' });
    expect(all.GarbageCollectorController).toMatchObject({ ConcurrentGCSyncs: 3 });
    expect(all.NodeIPAMController).toMatchObject({ ServiceCIDR: '10.96.0.0/16', SecondaryServiceCIDR: 'fd00::/112' });
    expect(all.CSRSigningController?.KubeletClientSignerConfiguration).toEqual({ CertFile: '/a', KeyFile: '' });
    expect(all.KubeCloudShared).toMatchObject({ UseServiceAccountCredentials: true });
  });
});
