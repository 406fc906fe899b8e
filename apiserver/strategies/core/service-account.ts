import type { ServiceAccount } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { ageOf, strategyOf } from '../shared.ts';

const MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

/** Upstream: `pkg/registry/core/serviceaccount`. */
export const serviceAccountStrategy = strategyOf<ServiceAccount>({
  metadataLooks: ['changes', 'whole'],
  deleteReturnsObject: true,
  prepareForCreate: (_context, account) => keepNames(account),
  prepareForUpdate: (_context, account) => keepNames(account),
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

/** Of the Secrets only their names are kept: upstream's `cleanSecretReferences`. */
function keepNames(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

function warnOfMountableSecrets(context: RequestContext, account: ServiceAccount, old: ServiceAccount | undefined): void {
  const value = account.metadata.annotations?.[MOUNTABLE_SECRETS];
  if (value === undefined || value === old?.metadata.annotations?.[MOUNTABLE_SECRETS]) return;
  context.warn(
    `metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  );
}
