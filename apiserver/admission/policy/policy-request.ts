// A request as policies' expressions see it.
import { ApiError, apiError, coreKinds, type KindInfo, type KubeObject, type Live, type Namespace } from '../../../api/index.ts';
import type { Authorizer } from '../../auth/types.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { AdmissionInput } from '../cel/index.ts';
import { admissionRequest } from '../matching/admission-request.ts';
import type { RequestMatcher } from '../matching/request-matcher.ts';
import type { ServedVersions } from '../matching/served-versions.ts';
import { isNamespaceKind } from '../plugin.ts';
import { Questions } from '../questions.ts';
import { ConfigurationError } from './params.ts';

/** What of the request may be asked for, whatever the policy. */
export interface RequestParts {
  readonly context: RequestContext;
  readonly matcher: RequestMatcher;
  readonly versions: ServedVersions;
  readonly authorizer: Pick<Authorizer, 'authorize'>;
}

/** The request's objects in the version that a policy asked for. */
export interface VersionedObjects {
  readonly kind: KindInfo;
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
}

/** Makes what expressions look at: once for all policies, as far as they have it in common. */
export class PolicyRequest {
  readonly #parts: RequestParts;
  readonly #versioned = new Map<KindInfo, VersionedObjects>();
  readonly #questions: Questions;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#questions = new Questions(parts.authorizer, parts.context.user);
  }

  /** The objects in a version. @throws ConfigurationError when they cannot be converted. */
  async versioned(kind: KindInfo): Promise<VersionedObjects> {
    let versioned = this.#versioned.get(kind);
    if (!versioned) {
      const { object, old } = this.#parts.matcher.attributes;
      versioned = { kind, object: await this.#convert(object, kind), old: await this.#convert(old, kind) };
      this.#versioned.set(kind, versioned);
    }
    return versioned;
  }

  /** The object of the request was changed. */
  forget(): void {
    this.#versioned.clear();
  }

  async #convert(object: KubeObject | undefined, kind: KindInfo): Promise<KubeObject | undefined> {
    const { versions, matcher } = this.#parts;
    try {
      return object && (await versions.convert(object, kind, matcher.attributes.subresource));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ConfigurationError(`failed to convert object version: ${error.message}`, { cause: error });
    }
  }

  /** Evaluates expressions, which ask the authorizer what they want to know. */
  evaluate<T>(run: () => T): Promise<T> {
    return this.#questions.evaluate(run);
  }

  /** @throws ApiError (404) when the request is in a namespace that is not there. */
  input({ kind, object, old }: VersionedObjects, params: KubeObject | undefined): AdmissionInput {
    const { context, matcher } = this.#parts;
    const { attributes } = matcher;
    const { group, resource } = attributes.kind;
    const { subresource, namespace, name } = attributes;
    return {
      object,
      oldObject: old,
      request: admissionRequest(context, attributes, { uid: '', kind, object: undefined, old: undefined }),
      params,
      namespaceObject: namespaceObject(matcher),
      authorize: this.#questions.authorize,
      requestResource: { group, resource, subresource, namespace, name },
    };
  }
}

/** Upstream: `CreateNamespaceObject`. Namespaces, which are in themselves, have none. */
function namespaceObject({ attributes, namespace }: RequestMatcher): unknown {
  if (attributes.namespace === '' || isNamespaceKind(attributes.kind)) return undefined;
  if (!namespace) throw apiError.notFound(coreKinds.namespaces, attributes.namespace);
  return shownNamespace(namespace);
}

function shownNamespace({ metadata, spec, status }: Live<Namespace>): unknown {
  const { name, generateName, uid, resourceVersion, generation, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds, labels, annotations, finalizers } = metadata;
  return {
    metadata: {
      name,
      generateName,
      uid,
      resourceVersion,
      generation,
      creationTimestamp,
      deletionTimestamp,
      deletionGracePeriodSeconds,
      labels,
      annotations,
      finalizers,
    },
    spec,
    status,
  };
}
