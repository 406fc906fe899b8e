import { apiError, type FieldError, fieldError, type KubeObject } from '../../api/index.ts';
import type { UserInfo } from '../auth/index.ts';

/** Who asks, and in which namespace (`''` for none). */
export interface ReviewContext {
  readonly user: UserInfo;
  readonly namespace: string;
}

/** Answers one kind of review; the object given is of that kind. */
export interface Reviewer {
  /** @throws ApiError */
  answer(context: ReviewContext, object: KubeObject): KubeObject | Promise<KubeObject>;
}

/** Refuses an authorization review in which something is wrong; upstream leaves its kind out of the message. */
export function refuseInvalid(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw apiError.invalid({ group: 'authorization.k8s.io', resource: '' }, '', errors);
}

/** Reviews have no metadata of their own, but for what the server puts there and what is `allowed`. */
export function validateMetadata({ metadata }: KubeObject, allowed: readonly string[] = []): FieldError[] {
  const expected = [...allowed, 'managedFields'];
  const given = Object.entries(metadata).filter(([name, value]) => value !== undefined && !expected.includes(name));
  if (given.length === 0) return [];
  return [
    fieldError.invalid('metadata', metadata, allowed.length === 0 ? 'must be empty' : `must be empty except for ${allowed.join(', ')}`),
  ];
}
