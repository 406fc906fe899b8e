import type { KubeObject } from '../../api/index.ts';
import { type Clock, systemClock } from '../../runtime/index.ts';
import type { Authorizer, RequestAuthenticator } from '../auth/index.ts';
import {
  localSubjectAccessReviewer,
  selfSubjectAccessReviewer,
  selfSubjectRulesReviewer,
  subjectAccessReviewer,
} from './access-reviews.ts';
import { selfSubjectReviewer, tokenReviewer } from './identity-reviews.ts';
import type { ReviewContext, Reviewer } from './review.ts';

/** Answers a review: an object that is posted, looked at and never stored. Rejects with ApiError. */
export type Review = (context: ReviewContext, object: KubeObject) => Promise<KubeObject>;

export interface ReviewOptions {
  readonly authenticator: Pick<RequestAuthenticator, 'reviewToken'>;
  readonly authorizer: Authorizer;
  readonly clock?: Clock | undefined;
  /** Waits until what the answers go by holds everything that was committed; undefined when it does. */
  readonly fresh?: (() => Promise<void> | undefined) | undefined;
}

/** The reviews there are, by `group/resource`. */
export function createReviews({ authenticator, authorizer, clock = systemClock, fresh }: ReviewOptions): ReadonlyMap<string, Review> {
  const reviewers: Readonly<Record<string, Reviewer>> = {
    'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReviewer(authorizer),
    'authorization.k8s.io/subjectaccessreviews': subjectAccessReviewer(authorizer),
    'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReviewer(authorizer),
    'authorization.k8s.io/selfsubjectrulesreviews': selfSubjectRulesReviewer(authorizer),
    'authentication.k8s.io/selfsubjectreviews': selfSubjectReviewer(clock),
    'authentication.k8s.io/tokenreviews': tokenReviewer(authenticator),
  };
  return new Map(
    Object.entries(reviewers).map(([key, reviewer]): [string, Review] => [
      key,
      async (context, object) => {
        await fresh?.();
        return reviewer.answer(context, object);
      },
    ]),
  );
}
