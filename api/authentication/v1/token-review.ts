import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int64, item, list, map, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const boundObjectReference = message('io.k8s.api.authentication.v1.BoundObjectReference', '', () => ({
  apiVersion: string(2, ''),
  kind: string(1, ''),
  name: string(3, ''),
  uid: string(4, ''),
}));
export interface BoundObjectReference extends Of<typeof boundObjectReference> {}

export const userInfo = message('io.k8s.api.authentication.v1.UserInfo', '', () => ({
  username: string(1, ''),
  uid: string(2, ''),
  groups: list(item.string(), 3, '', { listType: 'atomic' }),
  extra: map(item.list(item.string()), 4, ''),
}));
export interface UserInfo extends Of<typeof userInfo> {}

export const selfSubjectReviewStatus = message('io.k8s.api.authentication.v1.SelfSubjectReviewStatus', '', () => ({
  userInfo: ref(userInfo, 1, ''),
}));
export interface SelfSubjectReviewStatus extends Of<typeof selfSubjectReviewStatus> {}

export const selfSubjectReview = message('io.k8s.api.authentication.v1.SelfSubjectReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  status: ref(selfSubjectReviewStatus, 2, '', { present: true }),
}));
export interface SelfSubjectReview extends Of<typeof selfSubjectReview> {}

export const tokenRequestSpec = message('io.k8s.api.authentication.v1.TokenRequestSpec', '', () => ({
  audiences: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  expirationSeconds: int64(4, '', { nullable: true }),
  boundObjectRef: ref(boundObjectReference, 3, '', { nullable: true }),
}));
export interface TokenRequestSpec extends Of<typeof tokenRequestSpec> {}

export const tokenRequestStatus = message('io.k8s.api.authentication.v1.TokenRequestStatus', '', () => ({
  token: string(1, '', { required: true }),
  expirationTimestamp: time(2, '', { required: true }),
}));
export interface TokenRequestStatus extends Of<typeof tokenRequestStatus> {}

export const tokenRequest = message('io.k8s.api.authentication.v1.TokenRequest', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(tokenRequestSpec, 2, '', { required: true }),
  status: ref(tokenRequestStatus, 3, '', { present: true }),
}));
export interface TokenRequest extends Of<typeof tokenRequest> {}

export const tokenReviewSpec = message('io.k8s.api.authentication.v1.TokenReviewSpec', '', () => ({
  token: string(1, ''),
  audiences: list(item.string(), 2, '', { listType: 'atomic' }),
}));
export interface TokenReviewSpec extends Of<typeof tokenReviewSpec> {}

export const tokenReviewStatus = message('io.k8s.api.authentication.v1.TokenReviewStatus', '', () => ({
  authenticated: bool(1, ''),
  user: ref(userInfo, 2, ''),
  audiences: list(item.string(), 4, '', { listType: 'atomic' }),
  error: string(3, ''),
}));
export interface TokenReviewStatus extends Of<typeof tokenReviewStatus> {}

export const tokenReview = message('io.k8s.api.authentication.v1.TokenReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(tokenReviewSpec, 2, '', { required: true }),
  status: ref(tokenReviewStatus, 3, '', { present: true }),
}));
export interface TokenReview extends Of<typeof tokenReview> {}
