// The public face of client/: the only way to talk to an API server.

export { createClient } from './api-client.ts';
export { AssumeCache, isNewer } from './assume-cache.ts';
export { clientFromOptions, clientOptions, type LeaderElectionTimes, leaderElectionOf, leaderElectionOptions } from './client-options.ts';
export { runController } from './controller.ts';
export { deepFreeze } from './deep-freeze.ts';
export { ConnectionError, isConnectionError, TerminalError } from './errors.ts';
export { createEventRecorder } from './event-recorder.ts';
export { createEventSeriesRecorder } from './event-series.ts';
export { Expectations } from './expectations.ts';
export { createInformerFactory, trimManagedFields } from './informer-factory.ts';
export { type ClientCredentials, loadKubeconfig, loadKubeconfigUsers } from './kubeconfig.ts';
export { createLeaderElector, leaderElectionCheck } from './leader-elector.ts';
export { equalJson, type MergePatch, mergePatchOf } from './merge-patch.ts';
export { ObjectCache } from './object-cache.ts';
export { countClientMetrics } from './observation.ts';
export { CONTROLLER_UID_INDEX, controllerOf, controllerUidKeys, isControlledBy, newControllerRef } from './owner.ts';
export { type ReviewingClient, type ReviewingOptions, reviewingClient } from './reviewing-client.ts';
export { withServing } from './secure-serving.ts';
export { type ServingOptionValues, servingOptions } from './serving-options.ts';
export { type SlowStartResult, slowStartBatch } from './slow-start.ts';
export { TokenBucket } from './token-bucket.ts';
export type * from './types.ts';
export { WorkQueue } from './work-queue.ts';
