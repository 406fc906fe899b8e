import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/index.ts';
import { Negotiator } from './negotiation.ts';

const negotiator = new Negotiator();
const STRUCT = { message: {} };
const CUSTOM = {};
const JSON_ONLY = { encoding: 'json', as: undefined };
const table = (version: string) => ({ encoding: 'json', as: { form: 'Table', version } });

describe('an Accept header', () => {
  test.each([
    [undefined, JSON_ONLY],
    ['', JSON_ONLY],
    ['*/*', JSON_ONLY],
    ['application/json', JSON_ONLY],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_ONLY],
    ['application/json;q=0.1, application/yaml;q=0.9', { encoding: 'yaml', as: undefined }],
    ['application/vnd.kubernetes.protobuf,application/json', { encoding: 'protobuf', as: undefined }],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', table('v1')],
    ['application/json;as=Table;g=meta.k8s.io;v=v9,application/json;as=Table;g=meta.k8s.io;v=v1beta1', table('v1beta1')],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', JSON_ONLY],
    ['application/json;stream=watch', JSON_ONLY],
  ])('%s', (accept, expected) => {
    expect(negotiator.list(accept, STRUCT)).toEqual(expected);
  });

  test.each([
    ['application/xml', '406: Not Acceptable\n\nAvailable representations: application/json,'],
    ['application/*', '406: Not Acceptable\n\nAvailable representations: application/json,'],
    ['application/json;as=Foo;g=meta.k8s.io;v=v1', 'only the following media types are accepted: application/json,'],
  ])('%s is refused, each time', (accept, message) => {
    for (let again = 0; again < 2; again++) {
      expect(() => negotiator.object(accept, STRUCT)).toThrow(ApiError);
      expect(() => negotiator.object(accept, STRUCT)).toThrow(message);
    }
  });

  test.each([
    ['application/vnd.kubernetes.protobuf,application/json', JSON_ONLY],
    ['application/*', JSON_ONLY],
    [
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
      { encoding: 'protobuf', as: { form: 'PartialObjectMetadata', version: 'v1' } },
    ],
  ])('%s, of custom resources', (accept, expected) => {
    expect(negotiator.object(accept, CUSTOM)).toEqual(expected);
    expect(negotiator.list(accept, CUSTOM)).toEqual(expected);
  });

  test.each([['application/vnd.kubernetes.protobuf'], ['application/xml'], ['application/yaml;stream=watch']])(
    '%s is refused for custom resources, by the negotiation',
    (accept) => {
      expect(() => negotiator.list(accept, CUSTOM)).toThrow(
        'only the following media types are accepted: application/json, application/yaml, application/vnd.',
      );
    },
  );

  test('never keeps an error from being told', () => {
    expect(negotiator.status('application/xml')).toBe('json');
    expect(negotiator.status('application/yaml')).toBe('yaml');
  });

  test('a Status that is no error stays one, in the encoding that is asked for; an error needs a clause of its own', () => {
    const asMetadata = 'application/yaml;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
    expect(negotiator.status(asMetadata)).toBe('yaml');
    expect(negotiator.error(asMetadata)).toBeUndefined();
  });

  test('a clause that names nothing is one nobody can serve', () => {
    expect(() => negotiator.object(';', { message: {} })).toThrow('406: Not Acceptable');
    expect(() => negotiator.object(';', {})).toThrow('only the following media types are accepted');
    expect(negotiator.object('', {})).toEqual({ encoding: 'json', as: undefined });
    expect(negotiator.object(',,application/yaml', {}).encoding).toBe('yaml');
  });
});
