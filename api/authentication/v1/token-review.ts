import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const boundObjectReference = message(
  'io.k8s.api.authentication.v1.BoundObjectReference',
  'The object whose end makes a token invalid.',
  () => ({
    kind: string(1, 'Kind of the object: Pod, Secret or Node.'),
    apiVersion: string(2, 'Group and version of the object.'),
    name: string(3, 'Name of the object.'),
    uid: string(4, 'UID of the object.'),
  }),
);
export interface BoundObjectReference extends Of<typeof boundObjectReference> {}

export const userInfo = message('io.k8s.api.authentication.v1.UserInfo', 'Who somebody is, as the authenticator found out.', () => ({
  username: string(1, 'Name of the user, unique among those active.'),
  uid: string(2, 'ID of the user, which a later namesake does not share.'),
  groups: list(item.string(), 3, 'Groups the user is in.', { listType: 'atomic' }),
  extra: map(item.list(item.string()), 4, 'What else the authenticator has to say.'),
}));
export interface UserInfo extends Of<typeof userInfo> {}

export const selfSubjectReviewStatus = message('io.k8s.api.authentication.v1.SelfSubjectReviewStatus', 'The answer to who am I.', () => ({
  userInfo: ref(userInfo, 1, 'The caller, as the server sees it, impersonation included.'),
}));
export interface SelfSubjectReviewStatus extends Of<typeof selfSubjectReviewStatus> {}

export const selfSubjectReview = message(
  'io.k8s.api.authentication.v1.SelfSubjectReview',
  'Asks the server who the caller is; kubectl auth whoami uses it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    status: ref(selfSubjectReviewStatus, 2, 'The answer, filled in by the server.', { present: true }),
  }),
);
export interface SelfSubjectReview extends Of<typeof selfSubjectReview> {}

export const tokenRequestSpec = message('io.k8s.api.authentication.v1.TokenRequestSpec', 'The token that is wanted.', () => ({
  audiences: list(item.string(), 1, 'Those who are to accept the token; empty means the API server.', {
    required: true,
    listType: 'atomic',
  }),
  expirationSeconds: int64(4, 'Seconds the token should last; 3600 unless given, at least 600, and the server may shorten it.', {
    nullable: true,
  }),
  boundObjectRef: ref(boundObjectReference, 3, 'Object the token is tied to: it becomes invalid when that is deleted.', { nullable: true }),
}));
export interface TokenRequestSpec extends Of<typeof tokenRequestSpec> {}

export const tokenRequestStatus = message('io.k8s.api.authentication.v1.TokenRequestStatus', 'The token that was issued.', () => ({
  token: string(1, 'The token itself, a signed JWT.', { required: true }),
  expirationTimestamp: time(2, 'When it expires.', { required: true }),
}));
export interface TokenRequestStatus extends Of<typeof tokenRequestStatus> {}

export const tokenRequest = message(
  'io.k8s.api.authentication.v1.TokenRequest',
  'Asks for a token of a service account, posted to its token subresource.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(tokenRequestSpec, 2, 'The token that is wanted.', { required: true }),
    status: ref(tokenRequestStatus, 3, 'The token issued, filled in by the server.', { present: true }),
  }),
);
export interface TokenRequest extends Of<typeof tokenRequest> {}

export const tokenReviewSpec = message('io.k8s.api.authentication.v1.TokenReviewSpec', 'The token to check.', () => ({
  token: string(1, 'The bearer token.'),
  audiences: list(item.string(), 2, 'Those one of whom the token must be meant for; the API server unless given.', { listType: 'atomic' }),
}));
export interface TokenReviewSpec extends Of<typeof tokenReviewSpec> {}

export const tokenReviewStatus = message(
  'io.k8s.api.authentication.v1.TokenReviewStatus',
  'Whether a token is good, and whose it is.',
  () => ({
    authenticated: bool(1, 'True if the token is good.'),
    user: ref(userInfo, 2, 'Whose token it is.'),
    audiences: list(item.string(), 4, 'Those asked about whom the token is meant for; empty if the authenticator does not check that.', {
      listType: 'atomic',
    }),
    error: string(3, 'Why the token could not be checked.'),
  }),
);
export interface TokenReviewStatus extends Of<typeof tokenReviewStatus> {}

export const tokenReview = message('io.k8s.api.authentication.v1.TokenReview', 'Asks whether a token is good, and whose it is.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(tokenReviewSpec, 2, 'The token to check.', { required: true }),
  status: ref(tokenReviewStatus, 3, 'The answer, filled in by the server.', { present: true }),
}));
export interface TokenReview extends Of<typeof tokenReview> {}
