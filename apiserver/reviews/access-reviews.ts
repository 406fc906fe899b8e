import {
  apiError,
  type FieldError,
  fieldError,
  type LocalSubjectAccessReview,
  type SelfSubjectAccessReview,
  type SelfSubjectRulesReview,
  type SubjectAccessReview,
  type SubjectAccessReviewStatus,
} from '../../api/index.ts';
import type { Authorizer, UserInfo } from '../auth/index.ts';
import { type Asked, accessQuestion, internalForm, validateAsked } from './attributes.ts';
import { type ReviewContext, type Reviewer, refuseInvalid, validateMetadata } from './review.ts';

/** May I? */
export const selfSubjectAccessReviewer = (authorizer: Authorizer): Reviewer => ({
  async answer({ user }: ReviewContext, review: SelfSubjectAccessReview): Promise<SelfSubjectAccessReview> {
    refuseInvalid([...validateAsked(review.spec), ...validateMetadata(review)]);
    return { ...review, status: await verdict(authorizer, user, review.spec) };
  },
});

/** May they? */
export const subjectAccessReviewer = (authorizer: Authorizer): Reviewer => ({
  async answer(_: ReviewContext, review: SubjectAccessReview): Promise<SubjectAccessReview> {
    refuseInvalid([...validateSubject(review), ...validateMetadata(review)]);
    return { ...review, status: await verdict(authorizer, subjectOf(review), review.spec) };
  },
});

/** May they, in this namespace? */
export const localSubjectAccessReviewer = (authorizer: Authorizer): Reviewer => ({
  async answer({ namespace }: ReviewContext, given: LocalSubjectAccessReview): Promise<LocalSubjectAccessReview> {
    const review = { ...given, metadata: { ...given.metadata, namespace } };
    refuseInvalid([...validateSubject(review), ...validateMetadata(review, ['namespace']), ...validateLocal(review, namespace)]);
    return { ...review, status: await verdict(authorizer, subjectOf(review), review.spec) };
  },
});

/** What may I do in a namespace? */
export const selfSubjectRulesReviewer = (authorizer: Authorizer): Reviewer => ({
  answer({ user }: ReviewContext, { apiVersion, kind, spec }: SelfSubjectRulesReview): SelfSubjectRulesReview {
    const { namespace = '' } = spec;
    if (namespace === '') throw apiError.badRequest('no namespace on request');
    const { resourceRules, nonResourceRules, incomplete = false, evaluationError } = authorizer.rulesFor(user, namespace);
    const status: SelfSubjectRulesReview['status'] = {
      resourceRules: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs: [...verbs],
        apiGroups: [...apiGroups],
        resources: [...resources],
        ...(resourceNames ? { resourceNames: [...resourceNames] } : {}),
      })),
      nonResourceRules: nonResourceRules.map((rule) => ({ verbs: [...rule.verbs], nonResourceURLs: [...rule.nonResourceURLs] })),
      incomplete,
      ...(evaluationError === undefined ? {} : { evaluationError }),
    };
    return { kind, apiVersion, metadata: {}, spec: {}, status };
  },
});

async function verdict(authorizer: Authorizer, user: UserInfo, asked: Asked): Promise<SubjectAccessReviewStatus> {
  const { attributes, errors } = accessQuestion(user, asked);
  const { allowed, denied, reason, evaluationError: found } = await authorizer.authorize(attributes);
  const problems = [...(found === undefined ? [] : [found]), ...errors];
  const evaluationError = problems.length === 0 ? undefined : problems.join('; ');
  return {
    allowed,
    ...(denied ? { denied } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(evaluationError === undefined ? {} : { evaluationError }),
  };
}

const subjectOf = ({ spec: { user = '', uid, groups = [], extra } }: SubjectAccessReview): UserInfo => ({ name: user, uid, groups, extra });

function validateSubject({ spec }: SubjectAccessReview): FieldError[] {
  const nobody = !spec.user && !spec.groups?.length;
  const message = 'at least one of user or group must be specified';
  return validateAsked(spec, nobody ? [fieldError.invalid('spec.user', spec.user ?? '', message)] : []);
}

function validateLocal({ spec: { resourceAttributes, nonResourceAttributes } }: LocalSubjectAccessReview, namespace: string): FieldError[] {
  const asked = resourceAttributes?.namespace ?? '';
  return [
    ...(resourceAttributes && asked !== namespace
      ? [fieldError.invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]
      : []),
    ...(nonResourceAttributes
      ? [fieldError.invalid('spec.nonResourceAttributes', internalForm(nonResourceAttributes), 'disallowed on this kind of request')]
      : []),
  ];
}
