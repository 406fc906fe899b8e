// The objects that a binding takes parameters from (apiserver, `pkg/admission/plugin/policy/generic/policy_dispatcher.go`, `CollectParams`).
import { fromLabelSelector, type KindInfo, type KubeObject, type ParamKind, type ParamRef, parseApiVersion } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { ServedVersions } from '../matching/served-versions.ts';

/** A policy or a binding that cannot be followed; what that means is up to the failure policy. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Where parameters are looked for. */
export interface ParamPlaces {
  readonly objects: ObjectReader;
  readonly versions: ServedVersions;
  /** The kinds that are served now. */
  kinds(): readonly KindInfo[];
}

/** The kind that a policy names. @throws ConfigurationError when it is not served. */
export function resolveParamKind({ kinds }: Pick<ParamPlaces, 'kinds'>, { apiVersion = '', kind = '' }: ParamKind): KindInfo {
  const { group, version } = parseApiVersion(apiVersion);
  const found = kinds().find((info) => info.kind === kind && info.group === group && info.version === version);
  if (found) return found;
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`);
}

/**
 * The parameters of a binding, each of which the policy is to be run with; undefined stands for none at all.
 *
 * @param kind the policy's kind of parameters; without one a binding's reference is not looked at.
 * @param namespace that of the request.
 * @throws ConfigurationError
 */
export async function collectParams(
  places: ParamPlaces,
  kind: KindInfo | undefined,
  ref: ParamRef | undefined,
  namespace: string,
): Promise<readonly (KubeObject | undefined)[]> {
  if (!kind || !ref) return [undefined];
  const where = namespaceOf(kind, ref, namespace);
  const found = await findFresh(places, () => find(places.objects, kind, ref, where));
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return Promise.all(found.map((object) => places.versions.convert(object, kind, '')));
}

function namespaceOf(kind: KindInfo, ref: ParamRef, namespace: string): string {
  if (!kind.namespaced) {
    if (ref.namespace) throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
    return '';
  }
  const where = ref.namespace || namespace;
  if (where === '') throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  return where;
}

/** What is not there may have just been written by another API server. */
async function findFresh({ objects }: ParamPlaces, look: () => readonly KubeObject[]): Promise<readonly KubeObject[]> {
  const found = look();
  const pending = found.length === 0 ? objects.fresh() : undefined;
  if (pending === undefined) return found;
  await pending;
  return look();
}

function find(objects: ObjectReader, kind: KindInfo, { name, selector }: ParamRef, namespace: string): readonly KubeObject[] {
  if (name) {
    const object = objects.get(kind, namespace, name);
    return object ? [object] : [];
  }
  const query = fromLabelSelector(selector ?? {});
  return objects.list(kind, namespace).filter(({ metadata }) => query.matches(metadata.labels));
}
