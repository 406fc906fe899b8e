import { apiError, type KubeObject } from '../../api/index.ts';

/**
 * The object of a request is in the request's namespace, or says so.
 *
 * @param expected the namespace; `''` where there is none.
 * @throws ApiError (400)
 */
export function matchNamespace(object: KubeObject, expected: string): void {
  checkNamespace(object, expected);
  object.metadata.namespace = expected === '' ? undefined : expected;
}

/** @throws ApiError (400) when an object says it is in another namespace. */
export function checkNamespace({ metadata }: KubeObject, expected: string): void {
  if (metadata.namespace && expected !== '' && metadata.namespace !== expected) {
    throw apiError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
