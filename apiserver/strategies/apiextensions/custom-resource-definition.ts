import { type CustomResourceDefinition, type JSONSchemaProps, toTime } from '../../../api/index.ts';
import { cloneJson, customResourceDefinitionStatus, decode } from '../../../api/schema.ts';
import { CLEANUP_FINALIZER, type Finding, setCondition } from '../../custom-resources/definition.ts';
import { isSupportedFormat, schemasIn } from '../../custom-resources/schema/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { strategyOf, updateOf } from '../shared.ts';
import { validateDefinition, validateDefinitionUpdate, validateStatus } from './definition-validation.ts';
import { readInnerSchemas } from './schema-form.ts';
import { fromV1beta1, toV1beta1 } from './v1beta1-form.ts';
import type { RuleChecks } from './validation-options.ts';

const HTTPS_PORT = 443;

const DELETION_PENDING: Finding = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};

/**
 * Upstream: `pkg/registry/customresourcedefinition` and `pkg/apis/apiextensions/v1/defaults.go` (apiextensions-apiserver).
 *
 * @param checks what CEL says of the rules in schemas.
 */
export const customResourceDefinitionStrategy = (checks: RuleChecks = {}): Strategy<CustomResourceDefinition> =>
  strategyOf<CustomResourceDefinition>({
    allowUnconditionalUpdate: false,
    allowsPlainFinalizers: true,
    setDefaults,
    formerVersions: { 'apiextensions.k8s.io/v1beta1': fromV1beta1 },
    toWrittenVersion: toV1beta1,
    prepareForCreate: (_context, crd) => {
      crd.metadata.generation = 1;
      crd.status = decode(customResourceDefinitionStatus, {}).object;
      addStoredVersion(crd);
    },
    prepareForUpdate: (_context, crd, old) => {
      crd.status = cloneJson(old.status);
      if (!semanticEqual(crd.spec, old.spec)) crd.metadata.generation = (old.metadata.generation ?? 0) + 1;
      addStoredVersion(crd);
    },
    validateCreate: (context, crd) => {
      const errors = validateDefinition(crd, checks);
      if (errors.length === 0) for (const format of unknownFormats(crd)) context.warn(warningOf(format));
      return errors;
    },
    validateUpdate: (context, crd, old) => {
      const errors = validateDefinitionUpdate(crd, old, checks);
      const known = unknownFormats(old);
      if (errors.length === 0) for (const format of unknownFormats(crd)) if (!known.has(format)) context.warn(warningOf(format));
      return errors;
    },
    // Its objects go first. Upstream: the registry's own Delete, `pkg/registry/customresourcedefinition/etcd.go`.
    holdsDeletion: ({ metadata }) => !metadata.deletionTimestamp || (metadata.finalizers?.includes(CLEANUP_FINALIZER) ?? false),
    prepareForDeletion: ({ now }, crd) => {
      crd.metadata.finalizers = [...(crd.metadata.finalizers ?? []).filter((each) => each !== CLEANUP_FINALIZER), CLEANUP_FINALIZER];
      setCondition(crd, DELETION_PENDING, toTime(now));
    },
    subresources: {
      status: updateOf<CustomResourceDefinition>({
        resetFields: ['metadata', 'spec'],
        prepareForUpdate: (_context, crd, old) => {
          crd.spec = old.spec;
          defaultStoredVersions(crd);
        },
        validateUpdate: (_context, crd) => validateStatus(crd),
      }),
    },
  });

function setDefaults(crd: CustomResourceDefinition): void {
  readInnerSchemas(crd);
  const { spec } = crd;
  const { names } = spec;
  names.singular ||= names.kind.toLowerCase() || undefined;
  names.listKind ||= names.kind ? `${names.kind}List` : undefined;
  spec.conversion ??= { strategy: 'None' };
  const { webhook } = spec.conversion;
  // The internal version has its two fields and not itself (`pkg/apis/apiextensions/v1/conversion.go`).
  if (webhook && !webhook.clientConfig && !webhook.conversionReviewVersions?.length) spec.conversion.webhook = undefined;
  const service = webhook?.clientConfig?.service;
  if (service) service.port ??= HTTPS_PORT;
  defaultStoredVersions(crd);
}

function defaultStoredVersions({ spec, status }: CustomResourceDefinition): void {
  const storage = spec.versions?.find((version) => version.storage);
  if (storage && (status.storedVersions?.length ?? 0) === 0) status.storedVersions = [storage.name];
}

/** What is stored from now on counts as stored. */
function addStoredVersion({ spec, status }: CustomResourceDefinition): void {
  const storage = spec.versions?.find((version) => version.storage);
  const stored = status.storedVersions ?? [];
  if (storage && !stored.includes(storage.name)) status.storedVersions = [...stored, storage.name];
}

const warningOf = (format: string): string => `unrecognized format ${JSON.stringify(format)}`;

/** Formats of strings that are not checked. */
function unknownFormats({ spec }: CustomResourceDefinition): Set<string> {
  const found = new Set<string>();
  const visit = (schema: JSONSchemaProps): void => {
    if (schema.type === 'string' && schema.format && !isSupportedFormat(schema.format)) found.add(schema.format);
    for (const inner of schemasIn(schema)) visit(inner);
  };
  for (const { schema } of spec.versions ?? []) if (schema?.openAPIV3Schema) visit(schema.openAPIV3Schema);
  return found;
}
