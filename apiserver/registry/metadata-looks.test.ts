import { expect, it } from 'vitest';
import { fieldError } from '../../api/index.ts';
import { NEXT_LOOK, validateMetadataUpdate } from './metadata-validation.ts';

const WRONG = 'name is neither a standard finalizer name nor is it fully qualified';

it("each of a kind's looks at the metadata comes before what the kind says of that look", () => {
  const meta = { name: 'a', namespace: 'ns', resourceVersion: '1', finalizers: ['wrong'] };
  const first = fieldError.required('spec.first');
  const second = fieldError.required('spec.second');
  const fieldsOf = (...own: (typeof first)[]) =>
    validateMetadataUpdate(
      meta,
      { ...meta, finalizers: [] },
      {
        namespaced: true,
        again: ['whole', 'changes'],
        plainFinalizers: false,
        nameRule: () => [],
        own,
      },
    ).map(({ field, body }) => (body.includes(WRONG) ? 'finalizers' : field));
  expect(fieldsOf(first, NEXT_LOOK, second)).toEqual(['finalizers', 'spec.first', 'finalizers', 'spec.second']);
  expect(fieldsOf(first, second)).toEqual(['finalizers', 'finalizers', 'spec.first', 'spec.second']);
  expect(fieldsOf(NEXT_LOOK)).toEqual(['finalizers', 'finalizers']);
});
