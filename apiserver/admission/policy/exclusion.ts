// Requests that no policy is asked about (`pkg/kubeapiserver/admission/exclusion/resources.go`): a policy that refuses everything could not be put
// right, and the API server could not find out who may do what.
import { isExempt } from '../matching/request-matcher.ts';
import type { AdmissionAttributes } from '../plugin.ts';

const REVIEW_GROUPS: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

export const isExcluded = (attributes: AdmissionAttributes): boolean => REVIEW_GROUPS.has(attributes.kind.group) || isExempt(attributes);
