import { type CustomResourceDefinition, type FieldError, fieldError, goQuote } from '../../../api/index.ts';
import { GoUrlError, parseGoRequestUri } from '../../validation/go-url.ts';

export const APPROVED_ANNOTATION = 'api-approved.kubernetes.io';

const PATH = `metadata.annotations[${APPROVED_ANNOTATION}]`;
const MUST = `protected groups must have approval annotation ${goQuote(APPROVED_ANNOTATION)}`;
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

export type ApprovalState = 'invalid' | 'approved' | 'bypassed' | 'missing';

/** Whether a group belongs to the Kubernetes community: upstream's `IsProtectedCommunityGroup` (`pkg/apihelpers`). */
export const isProtectedGroup = (group: string): boolean => /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);

/** Whether the community approved of a CRD in one of its groups, and why one says so: upstream's `GetAPIApprovalState`. */
export function approvalOf({ metadata }: CustomResourceDefinition): { readonly state: ApprovalState; readonly reason: string } {
  const annotation = metadata.annotations?.[APPROVED_ANNOTATION] ?? '';
  if (annotation === '') return { state: 'missing', reason: `${MUST}, ${SEE}` };
  if (annotation.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${goQuote(annotation)}` };
  if (isAbsolute(annotation)) return { state: 'approved', reason: `approved in ${annotation}` };
  return { state: 'invalid', reason: `${MUST} with either a URL or a reason starting with "unapproved", ${SEE}` };
}

function isAbsolute(text: string): boolean {
  try {
    const { scheme, host } = parseGoRequestUri(text);
    return scheme !== '' && host !== '';
  } catch (error) {
    if (error instanceof GoUrlError) return false;
    throw error;
  }
}

/** Upstream's `validateAPIApproval`: what a CRD was before, it may stay. */
export function validateApproval(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(crd.spec.group)) return [];
  const { state, reason } = approvalOf(crd);
  if (old && approvalOf(old).state === state) return [];
  if (state === 'missing') return [fieldError.required(PATH, reason)];
  return state === 'invalid' ? [fieldError.invalid(PATH, crd.metadata.annotations?.[APPROVED_ANNOTATION], reason)] : [];
}
