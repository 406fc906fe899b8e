import { coreKinds, type PersistentVolume, type PersistentVolumeClaim } from '../../../api/index.ts';
import { type ApiClient, createInformerFactory, type EventRecorder, trimManagedFields } from '../../../client/index.ts';
import type { Clock, Logger, Random } from '../../../runtime/index.ts';
import { ClientClaimSource } from './claim-source.ts';
import { HeldClaims } from './held-claims.ts';

export interface FollowedClaimsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who tells of what happens on a node. */
  readonly eventsOf: (nodeName: string) => Pick<EventRecorder, 'event'>;
}

/** The claims of pods; they and their volumes are watched from the first claim that a pod here uses, until the signal. */
export function followedClaims({ client, clock, random, logger, eventsOf }: FollowedClaimsOptions, signal: AbortSignal): HeldClaims {
  const claims: HeldClaims = new HeldClaims({
    source: new ClientClaimSource(client),
    clock,
    logger,
    watch: () => {
      const factory = createInformerFactory({ client, clock, random, logger });
      factory
        .informer<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims, { transform: trimManagedFields })
        .addHandler({ onAdd: (claim) => claims.changed(claim), onUpdate: (claim) => claims.changed(claim) });
      factory
        .informer<PersistentVolume>(coreKinds.persistentvolumes, { transform: trimManagedFields })
        .addHandler({ onDelete: (volume) => claims.forget(volume) });
      factory.start(signal);
    },
    tell: ({ pod, nodeName }, claim, { type, reason, message }) => {
      const events = eventsOf(nodeName);
      events.event({ apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }, type, reason, message);
      events.event({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: claim.metadata }, type, reason, message);
    },
  });
  return claims;
}
