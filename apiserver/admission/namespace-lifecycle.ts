import { apiError, authorizationKinds, coreKinds, type KindInfo, type Live, type Namespace } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { type AdmissionAttributes, type AdmissionPlugin, nameInErrors } from './plugin.ts';

/** Namespaces that no one may delete. */
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that is on its way out, nor changed in one that is not there. Upstream: `admission/plugin/namespace/lifecycle`. */
export function namespaceLifecycle(objects: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    admit: (_context, attributes) => {
      const { operation, kind, namespace, name } = attributes;
      const isNamespace = kind.resource === coreKinds.namespaces.resource && kind.group === '';
      if (operation === 'DELETE' && isNamespace && IMMORTAL.has(name)) {
        throw apiError.forbidden(kind, name, 'this namespace may not be deleted');
      }
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || isNamespace || !kind.namespaced || namespace === '') return;
      if (isAccessReview(kind)) return;
      const find = () => objects.get<Namespace>(coreKinds.namespaces, '', namespace);
      const found = find();
      // Another API server may have just made it.
      const pending = found ? undefined : objects.fresh();
      if (pending !== undefined) return pending.then(() => check(find(), attributes));
      check(found, attributes);
    },
  };
}

/** Answered wherever it is asked: that there is no such namespace would be telling. */
const isAccessReview = ({ group, resource }: KindInfo): boolean =>
  group === authorizationKinds.localsubjectaccessreviews.group && resource === authorizationKinds.localsubjectaccessreviews.resource;

/** @throws ApiError (404, 403) */
function check(found: Live<Namespace> | undefined, attributes: AdmissionAttributes): void {
  const { operation, kind, namespace } = attributes;
  if (!found) throw apiError.notFound(coreKinds.namespaces, namespace);
  if (operation === 'CREATE' && found.metadata.deletionTimestamp) throw terminating(kind, nameInErrors(attributes), namespace);
}

function terminating(kind: { readonly group: string; readonly resource: string }, name: string, namespace: string) {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { status } = apiError.forbidden(kind, name, why);
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
  return apiError.custom({
    code: 403,
    reason: 'Forbidden',
    message: status.message ?? why,
    details: { ...status.details, causes: [cause] },
  });
}
