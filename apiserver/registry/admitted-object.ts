import { ownership } from '../../api/schema.ts';
import type { AdmissionAttributes } from '../admission/plugin.ts';
import type { Admission } from './admission-chain.ts';
import { dedupOwnerReferences } from './owner-references.ts';
import type { RequestContext } from './strategy.ts';

/**
 * Lets mutating plugins change the object of a request, and looks after what they made of its metadata: managedFields that are none become what
 * they were, owner references are there once. Upstream: `endpoints/handlers/fieldmanager/admission.go`, `endpoints/handlers/create.go`.
 *
 * @throws ApiError of the first plugin that refuses.
 */
export async function admitObject(admission: Admission, context: RequestContext, attributes: AdmissionAttributes): Promise<void> {
  const { object } = attributes;
  const before = object?.metadata.managedFields;
  await admission.admit(context, attributes);
  if (!object) return;
  const { metadata } = object;
  const problem = metadata.managedFields && metadata.managedFields !== before ? managedFieldsProblem(metadata.managedFields) : undefined;
  if (problem !== undefined) {
    metadata.managedFields = before;
    context.warn(
      `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
    );
  }
  dedupOwnerReferences(object, 'after admission', context.warn);
}

function managedFieldsProblem(entries: Parameters<typeof ownership.decodeSent>[0]): string | undefined {
  try {
    ownership.decodeSent(entries);
    return undefined;
  } catch (error) {
    if (error instanceof ownership.ApplyTypeError) return error.message;
    throw error;
  }
}
