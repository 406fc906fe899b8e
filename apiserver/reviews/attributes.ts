import { type FieldError, fieldError, type NonResourceAttributes, type ResourceAttributes } from '../../api/index.ts';
import type { AccessAttributes, UserInfo } from '../auth/types.ts';
import { askedSelectors, validateSelectors } from './selectors.ts';

/** What an access review asks about: a resource, or a path. */
export interface Asked {
  readonly resourceAttributes?: ResourceAttributes | undefined;
  readonly nonResourceAttributes?: NonResourceAttributes | undefined;
}

/** A review's question as the authorizer takes it, and what of it was not understood. */
export function accessQuestion(
  user: UserInfo,
  asked: Asked,
): { readonly attributes: AccessAttributes; readonly errors: readonly string[] } {
  const { errors, ...selectors } = asked.resourceAttributes ? askedSelectors(asked.resourceAttributes) : { errors: [] };
  return { attributes: { ...accessAttributes(user, asked), ...selectors }, errors };
}

function accessAttributes(user: UserInfo, { resourceAttributes, nonResourceAttributes }: Asked): AccessAttributes {
  if (resourceAttributes) {
    const { namespace = '', verb = '', group = '', version = '', resource = '', subresource = '', name = '' } = resourceAttributes;
    const asked = { verb, namespace, group, version: version || '*', resource, subresource, name };
    return { user, resourceRequest: true, path: '', ...asked };
  }
  const { path = '', verb = '' } = nonResourceAttributes ?? {};
  return { user, verb, resourceRequest: false, path, namespace: '', group: '', version: '', resource: '', subresource: '', name: '' };
}

/** Exactly one of the two must be asked about. @param between what is told before what is wrong with selectors. */
export function validateAsked({ resourceAttributes, nonResourceAttributes }: Asked, between: readonly FieldError[] = []): FieldError[] {
  return [
    ...whatIsAsked(resourceAttributes, nonResourceAttributes),
    ...between,
    ...(resourceAttributes ? validateSelectors(resourceAttributes) : []),
  ];
}

function whatIsAsked(resource: ResourceAttributes | undefined, path: NonResourceAttributes | undefined): FieldError[] {
  if (resource && path) {
    const message = 'cannot be specified in combination with resourceAttributes';
    return [fieldError.invalid('spec.nonResourceAttributes', internalForm(path), message)];
  }
  if (resource || path) return [];
  const message = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [fieldError.invalid('spec.resourceAttributes', null, message)];
}

/** As upstream's internal struct prints. */
export const internalForm = ({ path = '', verb = '' }: NonResourceAttributes) => ({ Path: path, Verb: verb });
