import { ApiError, apiError } from '../../api/index.ts';
import { forPages } from '../../runtime/index.ts';
import { type AccessAttributes, type Authorizer, type Decision, type UserInfo, whenKnown } from '../auth/types.ts';
import type { AuthorizationResult } from './access-metrics.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';
import { NO_SNIFF } from './respond.ts';

/** What is asked of the authorizer about a request. */
export const attributesOf = (user: UserInfo, info: RequestInfo): AccessAttributes => ({
  user,
  verb: info.verb,
  resourceRequest: info.isResource,
  path: info.path,
  namespace: info.namespace,
  group: info.group,
  version: info.version,
  resource: info.resource,
  subresource: info.subresource,
  name: info.name,
  fieldSelector: info.fieldSelector,
  labelSelector: info.labelSelector,
});

/** What the audit log says of a decision: upstream's apiserver/pkg/endpoints/filters/authorization.go. */
const DECISION = 'authorization.k8s.io/decision';
const REASON = 'authorization.k8s.io/reason';

/** Authorizes a request itself, and notes why. A promise only where a webhook is asked. @throws ApiError (403), {@link EvaluationError} */
export function authorizeRequest(
  authorizer: Authorizer,
  exchange: Exchange,
  onDecision: (result: AuthorizationResult) => void,
): void | Promise<void> {
  const attributes = attributesOf(exchange.user, exchange.info);
  return whenKnown(authorizer.authorize(attributes), (decision) => {
    const { allowed, reason, evaluationError } = decision;
    onDecision(resultOf(decision));
    // Who is allowed is, whatever else went wrong.
    if (!allowed && evaluationError !== undefined) {
      exchange.audit?.annotate(REASON, 'internal error');
      throw new EvaluationError(`Internal Server Error: ${JSON.stringify(exchange.request.url ?? '')}: ${evaluationError}\n`);
    }
    exchange.audit?.annotate(DECISION, allowed ? 'allow' : 'forbid');
    exchange.audit?.annotate(REASON, reason);
    if (!allowed) throw refused(attributes, reason);
  });
}

const resultOf = ({ allowed, denied, evaluationError }: Decision): AuthorizationResult => {
  if (allowed) return 'allowed';
  if (evaluationError !== undefined) return 'error';
  return denied ? 'denied' : 'no-opinion';
};

/** Nobody said yes, and somebody could not be asked; upstream answers it in plain text, code 500. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

/** @throws ApiError (403) with upstream's text when the user may not. */
export function authorize(authorizer: Authorizer, exchange: Exchange, info: RequestInfo): void | Promise<void> {
  const attributes = attributesOf(exchange.user, info);
  return whenKnown(authorizer.authorize(attributes), ({ allowed, reason }) => {
    if (!allowed) throw forbidden(attributes, reason);
  });
}

/** The refusal of a whole request. Upstream: `responsewriters.Forbidden`. */
export const refused = (attributes: AccessAttributes, reason: string): ApiError =>
  new ApiError(forbidden(attributes, reason).status, { headers: NO_SNIFF });

/** The refusal, as upstream words it. */
export function forbidden(attributes: AccessAttributes, reason: string) {
  const { group, resource, subresource, name, namespace, user } = attributes;
  const why = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (!attributes.resourceRequest) {
    return apiError.forbidden({ group: '', resource: '' }, '', `${forPages(`${who} path ${JSON.stringify(attributes.path)}`)}${why}`);
  }
  const what = `resource ${JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`)} in API group ${JSON.stringify(group)}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return apiError.forbidden({ group, resource }, name, `${forPages(`${who} ${what} ${where}`)}${why}`);
}
