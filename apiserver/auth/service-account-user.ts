import { CREDENTIAL_ID } from '../../runtime/index.ts';
import type { UserInfo } from './types.ts';

export const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';
export const SERVICE_ACCOUNTS_GROUP = 'system:serviceaccounts';
const EXTRA_PREFIX = 'authentication.kubernetes.io/';

/** What a binding's subject calls itself when it is a service account. */
const SUBJECT_KIND = 'ServiceAccount';
export const isServiceAccount = (subject: { readonly kind: string }): boolean => subject.kind === SUBJECT_KIND;

/** User name of a service account. */
export const serviceAccountName = (namespace: string, name: string): string => `${SERVICE_ACCOUNT_PREFIX}${namespace}:${name}`;

/** Groups every service account of a namespace is in. */
export const serviceAccountGroups = (namespace: string): string[] => [SERVICE_ACCOUNTS_GROUP, `${SERVICE_ACCOUNTS_GROUP}:${namespace}`];

/** What a token tells about a service account. */
export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly pod?: { readonly name: string; readonly uid: string } | undefined;
  readonly node?: { readonly name: string; readonly uid: string } | undefined;
  readonly credentialId?: string | undefined;
}

/** A service account as a user. */
export function serviceAccountUser({ namespace, name, uid, pod, node, credentialId }: ServiceAccountIdentity): UserInfo {
  const extra: Record<string, string[]> = {};
  if (credentialId !== undefined) extra[CREDENTIAL_ID] = [credentialId];
  if (node && node.name !== '') {
    extra[`${EXTRA_PREFIX}node-name`] = [node.name];
    if (node.uid !== '') extra[`${EXTRA_PREFIX}node-uid`] = [node.uid];
  }
  if (pod && pod.name !== '' && pod.uid !== '') {
    extra[`${EXTRA_PREFIX}pod-name`] = [pod.name];
    extra[`${EXTRA_PREFIX}pod-uid`] = [pod.uid];
  }
  return {
    name: serviceAccountName(namespace, name),
    uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}
