import { type ApiError, apiError, goQuote } from '../../api/index.ts';

/**
 * Where the API servers that upstream is made of answer differently: kube-apiserver for the kinds it is built with,
 * apiextensions-apiserver for objects that have no Go struct.
 */
export interface Wording {
  /** Lists are written as Go's unstructured ones: items say what they are, the metadata where the list goes on, even if nowhere. */
  readonly isUnstructured: boolean;
  /**
   * Who answers is found by the verb alone; go-restful finds routes by the method and the whole path. So a HEAD is a GET, a POST to a name
   * creates what the body says, and what follows a subresource is overlooked.
   */
  readonly routesByVerb: boolean;
  /** Media types of patches, where a wrong one is told which there are. */
  readonly patchTypes: string | undefined;
  /** What a Scale that cannot be read is refused with; undefined where what is wrong with it is told. */
  readonly unreadableScale: string | undefined;
  /** A field selector on what cannot be selected by. @param selectable what can. */
  unknownField(field: string, selectable: readonly string[]): ApiError;
}

export const STANDARD_WORDING: Wording = {
  isUnstructured: false,
  routesByVerb: false,
  patchTypes: undefined,
  unreadableScale: undefined,
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
  isUnstructured: true,
  routesByVerb: true,
  patchTypes: 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  // It looks the Scale up where only the definition's own kinds are.
  unreadableScale:
    'no kind is registered for the type v1.Scale in scheme "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:730"',
  unknownField: (field) => apiError.badRequest(`field label not supported: ${field}`),
};
