import { apiVersionOf, type KindInfo, type KubeObject } from '../../api/index.ts';
import type { EventSubject } from '../../client/index.ts';

/** An object as the subject of an event: objects from lists do not carry their kind. */
export const subjectOf = (kind: KindInfo, { metadata }: KubeObject): EventSubject => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  metadata: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
});
