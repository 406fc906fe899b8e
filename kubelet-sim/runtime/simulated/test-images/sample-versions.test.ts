import { expect, test } from 'vitest';
import { OPENAPI_DOCUMENTS } from './sample-openapi.ts';
import { kept, shown } from './sample-versions.ts';

const flunder = (spec?: object) => ({ apiVersion: '', kind: 'Flunder', metadata: { name: 'f' }, ...(spec ? { spec } : {}) });
const specOf = (object: object) => (object as { spec?: object }).spec;

test.each([
  [undefined, {}, {}],
  [{ reference: 'g' }, { flunderReference: 'g', referenceType: 'Flunder' }, { reference: 'g', referenceType: 'Flunder' }],
  [
    { reference: 'g', referenceType: 'Fischer' },
    { fischerReference: 'g', referenceType: 'Fischer' },
    { reference: 'g', referenceType: 'Fischer' },
  ],
  [{ reference: 'g', referenceType: 'Other' }, {}, {}],
])('a flunder of v1alpha1 is kept as v1beta1 has it, with defaults: %j', (spec, asKept, asShown) => {
  const object = kept('v1alpha1', flunder(spec));
  expect([specOf(object), specOf(shown('v1beta1', object)), specOf(shown('v1alpha1', object))]).toEqual([asKept, asKept, asShown]);
  expect(shown('v1alpha1', object).apiVersion).toBe('wardle.example.com/v1alpha1');
});

test.each([
  ['v1alpha1', { referenceType: 'Fischer' }, 'spec.fischerReference: Invalid value: "": cannot be empty if referenceType is Fischer'],
  ['v1alpha1', { referenceType: 'Flunder' }, 'spec.flunderReference: Invalid value: "": cannot be empty if referenceType is Flunder'],
  [
    'v1beta1',
    { flunderReference: 'a', fischerReference: 'b', referenceType: 'Flunder' },
    'spec.fischerReference: Invalid value: "b": cannot be set with flunderReference at the same time',
  ],
  ['v1beta1', { fischerReference: 'b' }, 'spec.fischerReference: Invalid value: "b": cannot be set if referenceType is not Fischer'],
  ['v1beta1', { referenceType: 'Other' }, 'spec.referenceType: Invalid value: "Other": must be Flunder or Fischer'],
])('what is wrong with a flunder of %s is told: %j', (version, spec, why) => {
  expect(() => kept(version, flunder(spec))).toThrow(`Flunder.wardle.example.com "f" is invalid: ${why}`);
});

test('a fischer is the same in what has it', () => {
  const fischer = { kind: 'Fischer', metadata: { name: 'f' }, disallowedFlunders: ['a'] };
  expect(shown('v1alpha1', kept('v1alpha1', fischer))).toEqual({ ...fischer, apiVersion: 'wardle.example.com/v1alpha1' });
});

test('documents of OpenAPI are the same after Go has read and written them: a list of no properties was lost', () => {
  const texts = Object.values(OPENAPI_DOCUMENTS).map((document) => JSON.stringify(document));
  expect(texts.filter((text) => text.includes('"properties":{}'))).toEqual([]);
  expect(texts.join()).toContain('com.example.wardle.v1beta1.Flunder');
});
