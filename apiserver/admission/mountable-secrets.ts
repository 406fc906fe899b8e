// Which Secrets a pod may use when its service account enforces them. Upstream: `limitSecretReferences` and
// `limitEphemeralContainerSecretReferences` in `plugin/pkg/admission/serviceaccount/admission.go`.
import type { Container, EphemeralContainer, PodSpec, ServiceAccount } from '../../api/index.ts';

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';
/** What Go's `strconv.ParseBool` takes for true. */
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

export const enforcesSecrets = ({ metadata }: ServiceAccount): boolean => TRUE.has(metadata.annotations?.[ENFORCE] ?? '');

type NamedList = readonly { readonly name?: string | undefined }[] | undefined;

const namesOf = (list: NamedList): ReadonlySet<string> => new Set((list ?? []).map(({ name = '' }) => name));

/** Why a pod may not run with this account; undefined when it may. */
export function whySecretsRefused(account: ServiceAccount, spec: PodSpec): string | undefined {
  const secrets = namesOf(account.secrets);
  const unlisted = `is not allowed because service account ${account.metadata.name} does not reference that`;
  const volume = spec.volumes?.find(({ secret }) => secret && !secrets.has(secret.secretName ?? ''));
  if (volume) return `volume with secret.secretName="${volume.secret?.secretName ?? ''}" ${unlisted} secret`;
  const used = firstUse(spec.initContainers, 'init container', secrets) ?? firstUse(spec.containers, 'container', secrets);
  if (used !== undefined) return `${used} ${unlisted} secret`;
  const pullSecrets = namesOf(account.imagePullSecrets);
  const i = (spec.imagePullSecrets ?? []).findIndex(({ name = '' }) => !pullSecrets.has(name));
  return i < 0 ? undefined : `imagePullSecrets[${i}].name="${spec.imagePullSecrets?.[i]?.name ?? ''}" ${unlisted} imagePullSecret`;
}

/** The same for ephemeral containers that join a pod. */
export function whyEphemeralSecretsRefused(account: ServiceAccount, spec: PodSpec): string | undefined {
  const used = firstUse(spec.ephemeralContainers, 'ephemeral container', namesOf(account.secrets));
  return used === undefined
    ? undefined
    : `${used} is not allowed because service account ${account.metadata.name} does not reference that secret`;
}

type Containers = readonly (Container | EphemeralContainer)[] | undefined;

/** The first variable that comes from a Secret which is not listed. */
function firstUse(containers: Containers, what: string, secrets: ReadonlySet<string>): string | undefined {
  for (const { name, ...container } of containers ?? []) {
    const use = usesOf(container).find(({ secret }) => !secrets.has(secret));
    if (use) return `${what} ${name} with ${use.by} referencing secret.secretName="${use.secret}"`;
  }
  return undefined;
}

interface Use {
  readonly by: string;
  readonly secret: string;
}

const usesOf = ({ env = [], envFrom = [] }: Pick<Container, 'env' | 'envFrom'>): readonly Use[] => [
  ...env.flatMap(({ name, valueFrom }) =>
    valueFrom?.secretKeyRef ? [{ by: `envVar ${name}`, secret: valueFrom.secretKeyRef.name ?? '' }] : [],
  ),
  ...envFrom.flatMap(({ secretRef }) => (secretRef ? [{ by: 'envFrom', secret: secretRef.name ?? '' }] : [])),
];
