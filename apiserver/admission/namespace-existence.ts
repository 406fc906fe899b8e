import { apiError, coreKinds, isAlreadyExists, type Namespace } from '../../api/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isNamespaceKind } from './plugin.ts';

const KIND = coreKinds.namespaces;

/** A namespace that something is created in is created as well. Upstream: `plugin/pkg/admission/namespace/autoprovision`. */
export const namespaceAutoProvision = (objects: ObjectReader & ObjectWriter): AdmissionPlugin => ({
  name: 'NamespaceAutoProvision',
  admit: ({ dryRun }, attributes) => {
    const { operation, namespace } = attributes;
    if (dryRun || operation !== 'CREATE' || !isInNamespace(attributes) || objects.get<Namespace>(KIND, '', namespace)) return;
    return provide(objects, namespace);
  },
});

async function provide(objects: ObjectReader & ObjectWriter, name: string): Promise<void> {
  try {
    await objects.create<Namespace>(KIND, { metadata: { name }, spec: {}, status: {} });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error; // somebody else was faster
  }
}

/** Nothing is changed in a namespace that is not there. Upstream: `plugin/pkg/admission/namespace/exists`. */
export const namespaceExists = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'NamespaceExists',
  validate: (_context, attributes) => {
    const { operation, namespace } = attributes;
    if (operation === 'CONNECT' || !isInNamespace(attributes)) return;
    const isThere = () => objects.get<Namespace>(KIND, '', namespace) !== undefined;
    if (!isThere()) return refuseUnless(isThere, objects, namespace);
  },
});

/** Another API server may have just made it. */
async function refuseUnless(isThere: () => boolean, objects: ObjectReader, namespace: string): Promise<void> {
  await objects.fresh();
  if (!isThere()) throw apiError.notFound(KIND, namespace);
}

const isInNamespace = ({ kind, namespace }: AdmissionAttributes): boolean => namespace !== '' && !isNamespaceKind(kind);
