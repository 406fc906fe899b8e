import { type FieldError, type FlowSchema, fieldError, flowcontrolKinds } from '../../../api/index.ts';
import { MANDATORY_SCHEMAS } from '../../flow-control/bootstrap-objects.ts';
import { inMatchingOrder } from '../../flow-control/matching-order.ts';
import type { Strategy } from '../../registry/strategy.ts';
import type { Errors } from '../../validation/field-errors.ts';
import { checkFlowConditions, checkFlowSchemaSpec } from '../../validation/flow-control.ts';
import { goPart } from '../../validation/go-struct.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';

const DEFAULT_PRECEDENCE = 1000;

/** Upstream: `pkg/registry/flowcontrol/flowschema`, `ValidateFlowSchema`, `printFlowSchema`. */
export const flowSchemaStrategy: Strategy<FlowSchema> = strategyOf<FlowSchema>({
  metadataLooks: ['whole'],
  setDefaults: ({ spec }) => {
    spec.matchingPrecedence ||= DEFAULT_PRECEDENCE;
  },
  prepareForCreate: (_context, schema) => {
    schema.status = {};
    schema.metadata.generation = 1;
  },
  validateCreate: (_context, schema) => validate(schema),
  prepareForUpdate: (_context, schema, old) => {
    if (!semanticEqual(schema.spec, old.spec)) schema.metadata.generation = (old.metadata.generation ?? 0) + 1;
    schema.status = old.status;
  },
  validateUpdate: (_context, schema) => validate(schema),
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.priorityLevelConfiguration.name ?? '',
    spec.matchingPrecedence ?? 0,
    spec.distinguisherMethod?.type ?? '<none>',
    ageOf(metadata.creationTimestamp, now),
    (status.conditions ?? []).find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
  tableOrder: inMatchingOrder,
  subresources: {
    status: updateOf<FlowSchema>({
      metadataLooks: [],
      resetFields: ['metadata', 'spec'],
      prepareForUpdate: (_context, schema, old) => {
        schema.metadata = { ...old.metadata, managedFields: schema.metadata.managedFields };
        schema.spec = old.spec;
      },
      validateUpdate: (_context, { status }) => {
        const errors: Errors = [];
        checkFlowConditions(errors, status.conditions);
        return errors;
      },
    }),
  },
});

function validate({ metadata, spec, status }: FlowSchema): FieldError[] {
  const errors: Errors = [];
  const { name = '' } = metadata;
  checkFlowSchemaSpec(errors, name, spec);
  const mandatory = MANDATORY_SCHEMAS.find((each) => each.metadata.name === name);
  if (mandatory && !semanticEqual(spec, mandatory.spec)) {
    const value = goPart(flowcontrolKinds.flowschemas, ['spec'], spec);
    errors.push(fieldError.invalid('spec', value, `spec of '${name}' must equal the fixed value`));
  }
  checkFlowConditions(errors, status.conditions);
  return errors;
}
