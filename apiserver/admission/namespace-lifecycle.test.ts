import { describe, expect, test } from 'vitest';
import { authorizationKinds, coreKinds, type KindInfo, type KubeObject, type Namespace } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import type { AdmissionOperation } from './plugin.ts';

const NAMESPACES: readonly Namespace[] = [
  { metadata: { name: 'there' }, spec: {}, status: { phase: 'Active' } },
  { metadata: { name: 'leaving', deletionTimestamp: '2025-01-01T00:00:00Z' }, spec: {}, status: { phase: 'Terminating' } },
];
const objects: ObjectReader = {
  get: (_kind, _namespace, name) => NAMESPACES.find(({ metadata }) => metadata.name === name) as never,
  list: () => [],
  fresh: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

async function admit(operation: AdmissionOperation, kind: KindInfo, namespace: string, name = 'x'): Promise<void> {
  const object: KubeObject | undefined = operation === 'DELETE' ? undefined : { metadata: { name, namespace } };
  await namespaceLifecycle(objects).admit?.(contextOf().context, {
    operation,
    kind,
    namespace,
    name,
    subresource: '',
    object,
    old: undefined,
  });
}

describe('NamespaceLifecycle', () => {
  test.each<[AdmissionOperation, KindInfo, string, string?]>([
    ['CREATE', coreKinds.pods, 'there'],
    ['UPDATE', coreKinds.pods, 'leaving'],
    ['DELETE', coreKinds.pods, 'leaving'],
    ['DELETE', coreKinds.pods, 'gone'],
    ['CREATE', authorizationKinds.localsubjectaccessreviews, 'gone'],
    ['CREATE', coreKinds.namespaces, 'gone', 'gone'],
    ['DELETE', coreKinds.namespaces, 'there', 'there'],
  ])('lets %s of %o in namespace %s', async (...request) => {
    await expect(admit(...request)).resolves.toBeUndefined();
  });

  test.each<[AdmissionOperation, KindInfo, string, string, string?]>([
    ['CREATE', coreKinds.pods, 'gone', 'namespaces "gone" not found'],
    ['UPDATE', coreKinds.pods, 'gone', 'namespaces "gone" not found'],
    ['CREATE', coreKinds.pods, 'leaving', 'unable to create new content in namespace leaving because it is being terminated'],
    ['DELETE', coreKinds.namespaces, 'default', 'this namespace may not be deleted', 'default'],
    ['DELETE', coreKinds.namespaces, 'kube-public', 'this namespace may not be deleted', 'kube-public'],
  ])('refuses %s of %o in namespace %s', async (...[operation, kind, namespace, why, name]) => {
    await expect(admit(operation, kind, namespace, name)).rejects.toThrow(why);
  });
});
