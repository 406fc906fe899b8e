import { apiVersionOf, coreKinds, type KindInfo, type KubeObject, type OwnerReference } from '../../api/index.ts';
import type { Authorizer, Decision } from '../auth/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

/** What the plugin goes by. */
export interface OwnerReferencesOptions {
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  /** The kinds that are served. */
  kinds(): readonly KindInfo[];
}

/**
 * Who gives an object an owner could have it deleted, and who has the owner wait for it could keep that from going: each takes the right to.
 * Upstream: `plugin/pkg/admission/gc`.
 */
export const ownerReferencesPermissionEnforcement = (options: OwnerReferencesOptions): AdmissionPlugin => ({
  name: 'OwnerReferencesPermissionEnforcement',
  validate: (context, attributes) => {
    const { operation, kind, subresource, object, old } = attributes;
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object?.metadata) return;
    // Old kubelets garble them there, and cannot change them.
    if (kind === coreKinds.pods && subresource === 'status') return;
    if (semanticEqual(ownersOf(object), ownersOf(old))) return;
    return refuseUnlessAllowed(options, context, attributes);
  },
});

const ownersOf = (object: KubeObject | undefined): readonly OwnerReference[] => object?.metadata?.ownerReferences ?? [];

/** As Go prints a decision: its reason, and that there was no error. */
const write = ({ reason }: Decision): string => `${reason}, <nil>`;

async function refuseUnlessAllowed(
  options: OwnerReferencesOptions,
  context: RequestContext,
  attributes: AdmissionAttributes,
): Promise<void> {
  const { operation, object, old } = attributes;
  if (operation === 'UPDATE') await refuseUnlessDeletable(options, context, attributes);
  for (const owner of newlyBlocking(object, old)) await refuseUnlessFinalizable(options, context, { attributes, owner });
}

async function refuseUnlessDeletable(
  { authorizer }: OwnerReferencesOptions,
  { user }: RequestContext,
  attributes: AdmissionAttributes,
): Promise<void> {
  const { kind, namespace, name, subresource } = attributes;
  const { group, version, resource } = kind;
  const asked = { user, verb: 'delete', resourceRequest: true, path: '', namespace, group, version, resource, subresource, name };
  const decision = await authorizer.authorize(asked);
  if (!decision.allowed) throw refusal(attributes, `cannot set an ownerRef on a resource you can't delete: ${write(decision)}`);
}

/** The owners that now wait for the object and did not before. */
function newlyBlocking(object: KubeObject | undefined, old: KubeObject | undefined): OwnerReference[] {
  const before = new Set(blockingOf(old).map(({ uid }) => uid));
  return blockingOf(object).filter(({ uid }) => !before.has(uid));
}

const blockingOf = (object: KubeObject | undefined): OwnerReference[] =>
  ownersOf(object).filter(({ blockOwnerDeletion }) => blockOwnerDeletion);

async function refuseUnlessFinalizable(
  { authorizer, kinds }: OwnerReferencesOptions,
  { user }: RequestContext,
  { attributes, owner }: { readonly attributes: AdmissionAttributes; readonly owner: OwnerReference },
): Promise<void> {
  const found = kinds().filter((info) => info.kind === owner.kind && apiVersionOf(info) === owner.apiVersion);
  if (found.length === 0) {
    const which = `APIVersion ${owner.apiVersion} Kind ${owner.kind}`;
    const why = `no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`;
    throw refusal(attributes, `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for ${which}: ${why}`);
  }
  for (const { group, version, resource, namespaced } of found) {
    const namespace = namespaced ? attributes.namespace : '';
    const asked = { user, verb: 'update', resourceRequest: true, path: '', namespace, group, version, resource, name: owner.name };
    const decision = await authorizer.authorize({ ...asked, subresource: 'finalizers' });
    if (decision.allowed) continue;
    const why = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on";
    throw refusal(attributes, `${why}: ${write(decision)}`);
  }
}
