import { type ApiError, apiError, type ErrorSubject, goQuote } from '../../api/index.ts';

/**
 * Where the API servers that upstream is made of answer differently: kube-apiserver for the kinds it is built with,
 * apiextensions-apiserver for objects that have no Go struct.
 */
export interface Wording {
  /** Lists are written as Go's unstructured ones: items say what they are, the metadata where the list goes on, even if nowhere. */
  readonly unstructuredLists: boolean;
  /** A POST to a name creates what the body says. */
  readonly createsByName: boolean;
  /** A HEAD is a GET whose body is left out: of custom resources, as they are found by the verb; go-restful finds routes by the method. */
  readonly answersHead: boolean;
  /** Whatever follows a subresource in the path is overlooked, for the same reason. */
  readonly ignoresRest: boolean;
  /** Media types of patches, where a wrong one is told which there are. */
  readonly patchTypes: string | undefined;
  /** A subresource that the kind does not have; undefined for a path that nothing is at. */
  unknownSubresource(subject: ErrorSubject, name: string): ApiError | undefined;
  /** A field selector on what cannot be selected by. @param selectable what can. */
  unknownField(field: string, selectable: readonly string[]): ApiError;
}

export const STANDARD_WORDING: Wording = {
  unstructuredLists: false,
  createsByName: false,
  answersHead: false,
  ignoresRest: false,
  patchTypes: undefined,
  unknownSubresource: () => undefined,
  /** Kinds with selectable fields of their own have the other text. */
  unknownField: (field, [name, namespace, own]) =>
    apiError.badRequest(
      own === undefined
        ? `${goQuote(field)} is not a known field selector: only "${name}", "${namespace}"`
        : `field label not supported: ${field}`,
    ),
};

/** apiextensions-apiserver, `pkg/apiserver/customresource_handler.go` and `conversion/converter.go`. */
export const UNSTRUCTURED_WORDING: Wording = {
  unstructuredLists: true,
  createsByName: true,
  answersHead: true,
  ignoresRest: true,
  patchTypes: 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  unknownSubresource: (subject, name) => apiError.notFound(subject, name),
  unknownField: (field) => apiError.badRequest(`field label not supported: ${field}`),
};
