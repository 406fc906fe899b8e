import { type ApiError, apiError, apiVersionOf, type FieldError, type KindInfo, type KubeObject } from '../../api/index.ts';
import { emptyAt } from '../../api/schema.ts';

/**
 * What is answered for an object that is not valid (422), in the name of what it says that it is. Upstream validates its internal version, whose group
 * is the stored one's.
 */
export function invalidObject(info: KindInfo, object: KubeObject, errors: readonly FieldError[]): ApiError {
  const { kind = info.kind, apiVersion = apiVersionOf(info), metadata } = object;
  const group = groupOf(info.storedAs ?? apiVersion);
  const shown = errors.map((error) => asGiven(object, error));
  return apiError.invalid({ group, resource: kind }, metadata.name ?? '', shown);
}

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(apiVersion.indexOf('/'), 0));

/** What a value is in errors that have none. */
const NO_VALUE = /^(\w+ value: )null(?=:|$)/;

/** What is empty is shown as it was given: in the object's normal form there is none. */
function asGiven(object: KubeObject, error: FieldError): FieldError {
  if (!NO_VALUE.test(error.body)) return error;
  const empty = emptyAt(object, error.field);
  return empty !== undefined ? { ...error, body: error.body.replace(NO_VALUE, `$1${JSON.stringify(empty)}`) } : error;
}
