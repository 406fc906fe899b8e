// Requests that no policy is asked about (`pkg/kubeapiserver/admission/exclusion/resources.go`, apiserver's `admission/plugin/policy/generic/plugin.go`):
// a policy that refuses everything could not be put right, and the API server could not find out who may do what. Configurations of webhooks are
// not among them: only webhooks are not asked about these.
import { isExempt } from '../matching/request-matcher.ts';
import type { AdmissionAttributes } from '../plugin.ts';

const REVIEW_GROUPS: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);
const WEBHOOK_KINDS: ReadonlySet<string> = new Set(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']);

export const isExcluded = (attributes: AdmissionAttributes): boolean =>
  REVIEW_GROUPS.has(attributes.kind.group) || (isExempt(attributes) && !WEBHOOK_KINDS.has(attributes.kind.kind));
