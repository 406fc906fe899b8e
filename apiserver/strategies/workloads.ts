import { appsKinds, autoscalingKinds, batchKinds, coreKinds } from '../../api/index.ts';
import { type Strategy, strategyKey } from '../registry/strategy.ts';
import { controllerRevisionStrategy } from './apps/controller-revision.ts';
import { daemonSetStrategy } from './apps/daemon-set.ts';
import { deploymentStrategy } from './apps/deployment.ts';
import { replicaSetStrategy } from './apps/replica-set.ts';
import { statefulSetStrategy } from './apps/stateful-set.ts';
import { horizontalPodAutoscalerStrategy } from './autoscaling/horizontal-pod-autoscaler.ts';
import { cronJobStrategy } from './batch/cron-job.ts';
import { jobStrategy } from './batch/job.ts';
import { podStrategy } from './core/pod.ts';
import { podTemplateStrategy } from './core/pod-template.ts';
import { replicationControllerStrategy } from './core/replication-controller.ts';

/** Strategies of pods and of what makes pods. */
export const workloadStrategies = (): readonly (readonly [string, Strategy<never>])[] => [
  [strategyKey(coreKinds.pods), podStrategy],
  [strategyKey(coreKinds.podtemplates), podTemplateStrategy],
  [strategyKey(coreKinds.replicationcontrollers), replicationControllerStrategy],
  [strategyKey(appsKinds.deployments), deploymentStrategy],
  [strategyKey(appsKinds.replicasets), replicaSetStrategy],
  [strategyKey(appsKinds.daemonsets), daemonSetStrategy],
  [strategyKey(appsKinds.statefulsets), statefulSetStrategy],
  [strategyKey(appsKinds.controllerrevisions), controllerRevisionStrategy],
  [strategyKey(autoscalingKinds.horizontalpodautoscalers), horizontalPodAutoscalerStrategy],
  [strategyKey(batchKinds.jobs), jobStrategy],
  [strategyKey(batchKinds.cronjobs), cronJobStrategy],
];
