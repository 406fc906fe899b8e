// Named formats, each with a value that has it and one that has not (apiserver, `pkg/cel/library/format.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const FORMATS: readonly Case[] = [
  ["format.dns1123Label().validate('my-name')", 'none'],
  [
    "format.dns1123Label().validate('My_Name')",
    `optional(["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"])`,
  ],
  [
    "format.dns1123Label().validate('')",
    `optional(["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"])`,
  ],
  ["format.dns1123Subdomain().validate('a.b')", 'none'],
  [
    "format.dns1123Subdomain().validate('A.b')",
    `optional(["a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"])`,
  ],
  [
    "format.dns1035Label().validate('1a')",
    `optional(["a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"])`,
  ],
  ["format.qualifiedName().validate('example.com/name')", 'none'],
  [
    "format.qualifiedName().validate('/')",
    `optional(["prefix part must be non-empty", "name part must be non-empty", "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"])`,
  ],
  ["format.dns1123LabelPrefix().validate('my-')", 'none'],
  ["format.dns1123SubdomainPrefix().validate('my.-')", 'none'],
  ["format.dns1035LabelPrefix().validate('my-')", 'none'],
  ["format.labelValue().validate('a_b')", 'none'],
  [
    "format.labelValue().validate('-')",
    `optional(["a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"])`,
  ],
  ["format.uri().validate('https://example.com')", 'none'],
  ["format.uri().validate('a b')", 'optional(["parse \\"a b\\": invalid URI for request"])'],
  ["format.uuid().validate('123e4567-e89b-12d3-a456-426614174000')", 'none'],
  ["format.uuid().validate('nothing')", 'optional(["does not match the UUID format"])'],
  ["format.byte().validate('aGVsbG8=')", 'none'],
  ["format.byte().validate('?')", 'optional(["invalid base64"])'],
  ["format.date().validate('2021-01-01')", 'none'],
  ["format.date().validate('2021-13-01')", 'optional(["invalid date"])'],
  ["format.datetime().validate('2021-01-01T00:00:00Z')", 'none'],
  ["format.datetime().validate('2021-01-01')", 'optional(["invalid datetime"])'],
  ["format.named('dns1123Label').value().validate('a')", 'none'],
  ["format.named('unknown').hasValue()", 'false'],
  ["format.named('date') == optional.of(format.date())", 'true'],
  ['format.date() == format.datetime()', 'false'],
  [
    'string(format.uuid())',
    "ERROR: <input>:1:7: found no matching overload for 'string' applied to '(kubernetes.NamedFormat)'\n | string(format.uuid())\n | ......^",
  ],
];

describe('named formats', () => {
  it.each(FORMATS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression)).toBe(outcome);
  });
});
