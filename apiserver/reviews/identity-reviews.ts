import { apiError, type UserInfo as ReviewedUser, type SelfSubjectReview, type TokenReview } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { RequestAuthenticator, UserInfo } from '../auth/index.ts';
import type { ReviewContext, Reviewer } from './review.ts';

/** Who am I? */
export const selfSubjectReviewer = (clock: Clock): Reviewer => ({
  answer({ user }: ReviewContext, { apiVersion, kind }: SelfSubjectReview): SelfSubjectReview {
    const creationTimestamp = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    return { kind, apiVersion, metadata: { creationTimestamp }, status: { userInfo: reviewedUser(user) } };
  },
});

/** Whose is this token? */
export const tokenReviewer = (authenticator: Pick<RequestAuthenticator, 'reviewToken'>): Reviewer => ({
  async answer(_: ReviewContext, review: TokenReview): Promise<TokenReview> {
    const { token = '', audiences = [] } = review.spec;
    if (token === '') throw apiError.badRequest('token is required for TokenReview in authentication');
    const found = await authenticator.reviewToken(token, audiences);
    // What was sent stays where nothing is found that goes in its place.
    const { authenticated: _sent, ...sent } = review.status ?? {};
    if ('error' in found) return { ...review, status: { user: {}, ...sent, error: found.error } };
    return { ...review, status: { ...sent, authenticated: true, user: reviewedUser(found.user), audiences: [...found.audiences] } };
  },
});

const reviewedUser = ({ name, uid, groups, extra }: UserInfo): ReviewedUser => ({
  username: name,
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups: [...groups] } : {}),
  ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
});
