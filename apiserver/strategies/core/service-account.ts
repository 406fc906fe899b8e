import type { ServiceAccount } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { ageOf, strategyOf } from '../shared.ts';

const MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

/** Upstream: `pkg/registry/core/serviceaccount`. */
export const serviceAccountStrategy = strategyOf<ServiceAccount>({
  metadataLooks: ['changes', 'whole'],
  deleteReturnsObject: true,
  validateCreate: (context, account) => {
    warnOfMountableSecrets(context, account, undefined);
    return [];
  },
  validateUpdate: (context, account, old) => {
    warnOfMountableSecrets(context, account, old);
    return [];
  },
  tableRow: (account, now) => [account.metadata.name, account.secrets?.length ?? 0, ageOf(account.metadata.creationTimestamp, now)],
});

function warnOfMountableSecrets(context: RequestContext, account: ServiceAccount, old: ServiceAccount | undefined): void {
  const value = account.metadata.annotations?.[MOUNTABLE_SECRETS];
  if (value === undefined || value === old?.metadata.annotations?.[MOUNTABLE_SECRETS]) return;
  context.warn(
    `metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  );
}
