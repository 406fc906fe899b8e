import { type Binding, type FieldError, fieldError } from '../../api/index.ts';

/** Where a pod is bound to: a node. Upstream answers these errors as an aggregate, not as an invalid object. */
export function validateBinding({ target }: Binding): FieldError[] {
  const errors: FieldError[] = [];
  if (target.kind && target.kind !== 'Node') errors.push(fieldError.notSupported('target.kind', target.kind, ['Node', '<empty>']));
  if (!target.name) errors.push(fieldError.required('target.name'));
  return errors;
}
