import { expect, test } from 'vitest';
import { bodyEncoding } from './decode-body.ts';

test.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/json;',
  'application/json; ',
  'application/json; a=b; c="d \\" e"',
  'application/json;a=1;A=1',
  '',
])('%j is the type of a body in JSON', (type) => {
  expect(bodyEncoding(type)).toBe('json');
});

test.each(['application/json;;', 'application/json; a', 'application/json;a=1;a=2', 'application/json; charset="utf-8', 'text/json'])(
  '%j is none that can be read, as Go reads media types',
  (type) => {
    expect(() => bodyEncoding(type)).toThrow('the body of the request was in an unknown format');
  },
);
