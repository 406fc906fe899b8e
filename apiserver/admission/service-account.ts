import { apiError, coreKinds, type Pod, type PodSpec, type ServiceAccount, type Volume } from '../../api/index.ts';
import { type Clock, type Random, randomSuffix } from '../../runtime/index.ts';
import { NEEDED } from '../auth/node/pods-by-node.ts';
import { nameMisfit } from '../registry/metadata-validation.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { enforcesSecrets, whyEphemeralSecretsRefused, whySecretsRefused } from './mountable-secrets.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods, type PodAttributes } from './pods.ts';

const DEFAULT_ACCOUNT = 'default';
/** How long a pod waits for it: upstream looks ten times, every 100 to 200 ms. */
const DEFAULT_ACCOUNT_MS_MAX = 1800;
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** Upstream asks for an hour and seven seconds, by which the kubelet tells these tokens from others. */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;
const MIRROR = 'kubernetes.io/config.mirror';

export interface ServiceAccountParts {
  readonly objects: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
}

/** Every pod runs as a service account that exists, with its token mounted. Upstream: `plugin/pkg/admission/serviceaccount`. */
export function serviceAccount(parts: ServiceAccountParts): AdmissionPlugin {
  const { objects, random } = parts;
  const checkCreated = onPods(['CREATE'], checkOf(whySecretsRefused));
  const checkEphemeral = onPods(['UPDATE'], checkOf(whyEphemeralSecretsRefused));
  return {
    name: 'ServiceAccount',
    admit: onPods(['CREATE'], (_context, attributes) => {
      const { pod } = attributes;
      if (pod.metadata.annotations && MIRROR in pod.metadata.annotations) {
        checkMirror(attributes);
        return;
      }
      pod.spec.serviceAccountName ||= DEFAULT_ACCOUNT;
      const use = () => useAccount(pod, lookUp(objects, attributes), random);
      return find(objects, attributes) ? use() : appearance(parts, attributes).then(use);
    }),
    validate: (context, attributes) => {
      if (attributes.subresource === 'ephemeralcontainers') return checkEphemeral(context, { ...attributes, subresource: '' });
      return checkCreated(context, attributes);
    },
  };

  function checkOf(why: (account: ServiceAccount, spec: PodSpec) => string | undefined) {
    return (_context: RequestContext, attributes: PodAttributes): void => {
      const { kind, name, namespace, pod } = attributes;
      if (pod.metadata.annotations && MIRROR in pod.metadata.annotations) {
        checkMirror(attributes);
        return;
      }
      if (!pod.spec.serviceAccountName) {
        throw apiError.forbidden(kind, name, `no service account specified for pod ${namespace}/${pod.metadata.name}`);
      }
      const account = lookUp(objects, attributes);
      const refusal = enforcesSecrets(account) ? why(account, pod.spec) : undefined;
      if (refusal !== undefined) throw apiError.forbidden(kind, name, refusal);
    };
  }
}

function checkMirror({ kind, name, pod }: PodAttributes): void {
  if (pod.spec.serviceAccountName) throw apiError.forbidden(kind, name, 'a mirror pod may not reference service accounts');
  if (NEEDED.secrets(pod).some((secret) => secret !== undefined)) {
    throw apiError.forbidden(kind, name, 'a mirror pod may not reference secrets');
  }
  if (pod.spec.volumes?.some(({ projected }) => projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken))) {
    throw apiError.forbidden(kind, name, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}

function useAccount(pod: Pod, account: ServiceAccount, random: Random): void {
  pod.spec.serviceAccount = pod.spec.serviceAccountName;
  if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, random);
  if ((pod.spec.imagePullSecrets?.length ?? 0) === 0 && account.imagePullSecrets) {
    pod.spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
  }
}

const find = (objects: ObjectReader, { namespace, pod }: PodAttributes): ServiceAccount | undefined =>
  objects.get<ServiceAccount>(coreKinds.serviceaccounts, namespace, pod.spec.serviceAccountName ?? '');

/** Resolves when the account is there, or is not waited for any more. */
async function appearance({ objects, clock }: ServiceAccountParts, attributes: PodAttributes): Promise<void> {
  await objects.fresh(); // another API server may have just made it
  // That of a new namespace is made by a controller, which need not have come to it yet.
  if (attributes.pod.spec.serviceAccountName !== DEFAULT_ACCOUNT) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      timer.cancel();
      listener[Symbol.dispose]();
      resolve();
    };
    const timer = clock.setTimer(DEFAULT_ACCOUNT_MS_MAX, done);
    const listener = objects.onChange(coreKinds.serviceaccounts, () => {
      if (find(objects, attributes)) done();
    });
    if (find(objects, attributes)) done();
  });
}

function lookUp(objects: ObjectReader, attributes: PodAttributes): ServiceAccount {
  const { kind, name, namespace, pod } = attributes;
  const account = find(objects, attributes);
  if (account) return account;
  const wanted = pod.spec.serviceAccountName ?? '';
  const absent = nameMisfit(wanted) ?? `serviceaccount "${wanted}" not found`;
  const why = `error looking up service account ${namespace}/${wanted}: ${absent}`;
  throw apiError.forbidden(kind, name, why);
}

function mountToken(pod: Pod, random: Random): void {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const needing = containers.filter(({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === TOKEN_PATH));
  if (needing.length === 0) return;
  const existing = pod.spec.volumes?.find(({ name }) => name.startsWith(VOLUME_PREFIX))?.name;
  const name = existing ?? `${VOLUME_PREFIX}${randomSuffix(random)}`;
  for (const container of needing) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: TOKEN_PATH }];
  }
  if (!existing) pod.spec.volumes = [...(pod.spec.volumes ?? []), tokenVolume(name)];
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: FILE_MODE,
  },
});
