import { apiVersionOf, type KindInfo, type KubeObject, type Live, type OwnerReference } from '../api/index.ts';

/** The reference to the one owner that manages the object, if it has one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether `owner` manages the object; by uid, since an owner of the same name may be another one. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** The reference that makes `owner` the manager of a child; the owner's deletion in the foreground waits for the child. */
export function newControllerRef(owner: Live<KubeObject>, kind: Pick<KindInfo, 'group' | 'version' | 'kind'>): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Index name for {@link controllerUidKeys}. */
export const CONTROLLER_UID_INDEX = 'controllerUid';

/** Index function: the uid of the object's controller; `''` for what nobody controls. */
export const controllerUidKeys = (object: KubeObject): readonly string[] => [controllerOf(object)?.uid ?? ''];
