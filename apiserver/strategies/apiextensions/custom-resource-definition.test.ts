import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition } from '../../../api/index.ts';
import { DecodeError } from '../../../api/schema.ts';
import { crd, harness, OBJECT, version, withSchema, withSpec } from './testing/definitions.ts';

const crds = harness();
const errorsOf = (body: object): readonly string[] => crds.create(body).errors;
const DNS_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
  "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

describe('a definition', () => {
  it('is completed', () => {
    const { object, errors } = crds.create({
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'widgets', kind: 'Widget' }, versions: [version('v1')] },
    });
    expect(errors).toEqual([]);
    expect(object.spec).toMatchObject({ names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } });
    expect(object.metadata.generation).toBe(1);
    expect(object.status).toEqual({ conditions: null, acceptedNames: { kind: '', plural: '' }, storedVersions: ['v1'] });
  });

  it('says nothing of its status when it is created', () => {
    const { object } = crds.create({
      ...withSchema(OBJECT),
      status: { storedVersions: ['v9'], conditions: [{ type: 'Established', status: 'True' }] },
    });
    expect(object.status).toEqual({ conditions: null, acceptedNames: { kind: '', plural: '' }, storedVersions: ['v1'] });
  });

  it('has the schemas read that stand where something else may stand', () => {
    const { object } = crds.create(withSpec({ l: { type: 'array', items: { type: 'string', nullable: false, nope: 1, maxLength: 3 } } }));
    expect(object.spec.versions?.[0]?.schema?.openAPIV3Schema).toHaveProperty('properties.spec.properties.l.items', {
      type: 'string',
      maxLength: 3,
    });
    expect(() => crds.create(withSpec({ m: { type: 'object', additionalProperties: 5 } }))).toThrow(
      new DecodeError('boolean or JSON schema expected'),
    );
    for (const items of ['x', 5, true]) {
      const { errors } = crds.create(withSpec({ l: { type: 'array', items } }));
      expect(errors).toEqual(['spec.validation.openAPIV3Schema.properties[spec].properties[l].items: Required value: must be specified']);
    }
  });

  it('warns of formats that nobody checks', () => {
    const format = (format: string) => withSpec({ a: { type: 'string', format }, n: { type: 'integer', format: 'int32' } });
    expect(crds.create(format('date-time')).warnings).toEqual([]);
    expect(crds.create(format('k8s-short-name')).warnings).toEqual(['unrecognized format "k8s-short-name"']);
    expect(crds.create(format('int33')).warnings).toEqual(['unrecognized format "int33"']);
    expect(crds.patch(crds.stored(format('int33')), { metadata: { labels: { a: 'b' } } }).warnings).toEqual([]);
  });
});

describe('what is wrong with a definition', () => {
  it('tells of names', () => {
    expect(errorsOf(crd([version('v1')], {}, { name: 'wrong.example.com' }))).toEqual([
      'metadata.name: Invalid value: "wrong.example.com": must be spec.names.plural+"."+spec.group',
    ]);
    expect(errorsOf(crd([version('v1')], {}, { name: '' }))).toEqual([]); // the registry says that it has no name
    const names = { plural: 'Widgets', singular: 'Wid get', kind: 'widg_et', shortNames: ['W!'], categories: ['A'] };
    expect(errorsOf(crd([version('v1')], { names }, { name: 'Widgets.example.com' }))).toEqual([
      `spec.names.plural: Invalid value: "Widgets": ${DNS_1035}`,
      `spec.names.singular: Invalid value: "Wid get": ${DNS_1035}`,
      `spec.names.kind: Invalid value: "widg_et": may have mixed case, but should otherwise match: ${DNS_1035}`,
      `spec.names.listKind: Invalid value: "widg_etList": may have mixed case, but should otherwise match: ${DNS_1035}`,
      `spec.names.shortNames[0]: Invalid value: "W!": ${DNS_1035}`,
      `spec.names.categories[0]: Invalid value: "A": ${DNS_1035}`,
    ]);
    expect(errorsOf(crd([version('v1')], { names: { plural: 'widgets', kind: 'Widget', listKind: 'Widget' } }))).toEqual([
      'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
    ]);
  });

  it('tells of group and scope', () => {
    expect(errorsOf(crd([version('v1')], { group: 'local', scope: 'Global' }, { name: 'widgets.local' }))).toEqual([
      'spec.group: Invalid value: "local": should be a domain with at least one dot',
      'spec.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"',
    ]);
  });

  it('tells of everything that is missing', () => {
    expect(errorsOf({ metadata: { name: 'x.example.com' }, spec: {} })).toEqual([
      'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Required value',
      'spec.scope: Required value',
      'spec.versions: Invalid value: null: must have exactly one version marked as storage version',
      'spec.names.plural: Required value',
      'spec.names.singular: Required value',
      'spec.names.kind: Required value',
      'spec.names.listKind: Required value',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ]);
  });

  it('tells of versions', () => {
    const one =
      '{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}';
    const other = one.replace('"Storage":true', '"Storage":false');
    expect(errorsOf(crd([version('v1'), version('v1', OBJECT, { storage: false })]))).toEqual([
      `spec.versions: Invalid value: [${one},${other}]: must contain unique version names`,
    ]);
    expect(errorsOf(crd([]))).toEqual([
      'spec.versions: Invalid value: []: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ]);
    expect(errorsOf(crd([version('V_1')]))).toEqual([
      `spec.versions[0].name: Invalid value: "V_1": ${DNS_1035}`,
      `spec.version: Invalid value: "V_1": ${DNS_1035}`,
    ]);
    expect(errorsOf(crd([{ name: 'v1', served: true, storage: true }]))).toEqual([
      'spec.versions[0].schema.openAPIV3Schema: Required value',
    ]);
    expect(errorsOf(crd([version('v1', OBJECT, { deprecationWarning: 'old' })]))).toEqual([
      'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
    ]);
    expect(errorsOf(crd([version('v1', OBJECT, { deprecated: true, deprecationWarning: 'a\nb' })]))).toEqual([
      'spec.versions[0].deprecationWarning: Invalid value: "a\\nb": must only contain printable UTF-8 characters; non-printable character found at index 1',
    ]);
  });

  it('prints versions as the structs they are', () => {
    const more = {
      additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }],
      subresources: { status: {}, scale: { specReplicasPath: '.spec.r', statusReplicasPath: '.status.r' } },
    };
    const [error = ''] = errorsOf(crd([version('v1', OBJECT, { ...more, storage: false }), version('v2', OBJECT, { storage: false })]));
    expect(error).toContain(
      '"Subresources":{"Status":{},"Scale":{"SpecReplicasPath":".spec.r","StatusReplicasPath":".status.r","LabelSelectorPath":null}}',
    );
    expect(error).toContain(
      '"AdditionalPrinterColumns":[{"Name":"A","Type":"string","Format":"","Description":"","Priority":0,"JSONPath":".spec.a"}]',
    );
  });

  it('tells of columns, by version where versions differ', () => {
    const columns = [
      { name: '', type: 'text', format: 'x', jsonPath: 'spec.a' },
      { name: 'B', type: '', jsonPath: '' },
    ];
    const errors = (path: string) => [
      `${path}[0].name: Required value`,
      `${path}[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string`,
      `${path}[0].format: Invalid value: "x": must be one of byte,date,date-time,double,float,int32,int64,password`,
      `${path}[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .`,
      `${path}[1].type: Required value: must be one of boolean,date,integer,number,string`,
      `${path}[1].JSONPath: Required value`,
    ];
    expect(errorsOf(withSchema(OBJECT, { additionalPrinterColumns: columns }))).toEqual(errors('spec.additionalPrinterColumns'));
    expect(errorsOf(crd([version('v1'), version('v2', OBJECT, { storage: false, additionalPrinterColumns: columns })]))).toEqual(
      errors('spec.versions[1].additionalPrinterColumns'),
    );
  });

  it('tells of subresources', () => {
    const scale = { specReplicasPath: '.status.r', statusReplicasPath: 'r', labelSelectorPath: '.metadata.labels' };
    expect(errorsOf(withSchema(OBJECT, { subresources: { scale } }))).toEqual([
      'spec.subresources.scale.specReplicasPath: Invalid value: ".status.r": should be a json path under .spec',
      'spec.subresources.scale.statusReplicasPath: Invalid value: "r": must be a simple json path starting with .',
      'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.labels": should be a json path under either .spec or .status',
    ]);
    expect(errorsOf(withSchema({ ...OBJECT, maxProperties: 5 }, { subresources: { status: {} } }))).toEqual([
      expect.stringMatching(
        /^spec\.validation\.openAPIV3Schema: Invalid value: \{"ID":"","Schema":"".*: only \[Description Type Format .* XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/,
      ),
    ]);
  });

  it('tells of selectable fields', () => {
    const selectableFields = [
      { jsonPath: '.spec.a' },
      { jsonPath: '.spec.a' },
      { jsonPath: '.spec.nope' },
      { jsonPath: '.spec' },
      { jsonPath: ".spec['a']" },
      { jsonPath: '' },
    ];
    expect(errorsOf(withSchema(OBJECT, { selectableFields }))).toEqual([
      'spec.selectableFields[1].jsonPath: Duplicate value: ".spec.a"',
      'spec.selectableFields[2].jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[3].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[4].jsonPath: Invalid value: ".spec[\'a\']": is an invalid path: array notation is not allowed',
      'spec.selectableFields[5].jsonPath: Required value',
    ]);
  });

  it('tells of conversions', () => {
    const converting = (webhook: unknown, strategy = 'Webhook') => errorsOf(crd([version('v1')], { conversion: { strategy, webhook } }));
    const CLIENT = 'spec.conversion.webhookClientConfig';
    const versions = { conversionReviewVersions: ['v1'] };
    expect(converting({ clientConfig: { service: { namespace: 'a', name: 'b' } }, ...versions })).toEqual([]);
    expect(converting(undefined)).toEqual([
      `${CLIENT}: Required value: required when strategy is set to Webhook`,
      'spec.conversion.conversionReviewVersions: Required value',
    ]);
    expect(converting({ clientConfig: {}, conversionReviewVersions: ['v2', 'v2', 'V'] })).toEqual([
      `${CLIENT}: Required value: exactly one of url or service is required`,
      'spec.conversion.conversionReviewVersions[1]: Invalid value: "v2": duplicate version',
      `spec.conversion.conversionReviewVersions[2]: Invalid value: "V": ${DNS_1035}`,
      'spec.conversion.conversionReviewVersions: Invalid value: ["v2","v2","V"]: must include at least one of v1, v1beta1',
    ]);
    expect(converting({ clientConfig: { url: 'http://u@host/?q#f' }, ...versions })).toEqual([
      `${CLIENT}.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      `${CLIENT}.url: Invalid value: "u": user information is not permitted in the URL`,
      `${CLIENT}.url: Invalid value: "f": fragments are not permitted in the URL`,
      `${CLIENT}.url: Invalid value: "q": query parameters are not permitted in the URL`,
    ]);
    expect(converting({ clientConfig: { url: 'https://a b/' }, ...versions })).toEqual([
      `${CLIENT}.url: Required value: url must be a valid URL: parse "https://a b/": invalid character " " in host name; desired format: https://host[/path]`,
    ]);
    expect(converting({ clientConfig: { service: { namespace: '', name: 'b', path: 'x//Y', port: 0 } }, ...versions })).toEqual([
      `${CLIENT}.service.name: Required value`,
      `${CLIENT}.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive`,
      `${CLIENT}.service.path: Invalid value: "x//Y": must start with a '/'`,
      `${CLIENT}.service.path: Invalid value: "x//Y": segment[0] may not be empty`,
      `${CLIENT}.service.path: Invalid value: "x//Y": segment[1] may not be empty`,
      expect.stringContaining('segment[2]: a lowercase RFC 1123 subdomain'),
    ]);
    expect(converting({ clientConfig: { url: 'https://a' }, ...versions }, 'None')).toEqual([
      `${CLIENT}: Forbidden: should not be set when strategy is not set to Webhook`,
      'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
    ]);
    expect(converting(undefined, 'Magic')).toEqual([
      'spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"',
    ]);
  });

  it('wants the approval of the community for its groups', () => {
    const approved = (annotation: string) =>
      errorsOf(
        crd(
          [version('v1')],
          { group: 'x.k8s.io' },
          { name: 'widgets.x.k8s.io', annotations: { 'api-approved.kubernetes.io': annotation } },
        ),
      );
    const PATH = 'metadata.annotations[api-approved.kubernetes.io]';
    const MUST = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
    expect(approved('')).toEqual([`${PATH}: Required value: ${MUST}, see https://github.com/kubernetes/enhancements/pull/1111`]);
    expect(approved('yes')).toEqual([
      `${PATH}: Invalid value: "yes": ${MUST} with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`,
    ]);
    expect(approved('unapproved, for a test')).toEqual([]);
    expect(approved('https://github.com/kubernetes/kubernetes/pull/1')).toEqual([]);
  });

  it('wants nothing preserved at large', () => {
    expect(errorsOf(crd([version('v1')], { preserveUnknownFields: true }))).toEqual([
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ]);
  });
});

describe('an update of a definition', () => {
  const stored = (established = false) => {
    const object = crds.stored(withSchema(OBJECT));
    const conditions = [{ type: 'Established', status: established ? 'True' : 'False' }];
    return { ...object, metadata: { ...object.metadata, generation: 4 }, status: { ...object.status, conditions } };
  };

  it('counts up the generation when the spec changes, and keeps the status', () => {
    const old = stored();
    const labelled = crds.patch(old, { metadata: { labels: { a: 'b' } }, status: { storedVersions: ['v7'] } });
    expect(labelled.errors).toEqual([]);
    expect(labelled.object.metadata.generation).toBe(4);
    expect(labelled.object.status).toEqual(old.status);
    expect(crds.patch(old, { spec: { names: { shortNames: ['w'] } } }).object.metadata.generation).toBe(5);
  });

  it('notes a new storage version, and keeps the old one', () => {
    const old = stored();
    const versions = [version('v1', OBJECT, { storage: false }), version('v2')];
    expect(crds.patch(old, { spec: { versions } }).object.status.storedVersions).toEqual(['v1', 'v2']);
    expect(crds.patch(old, { spec: { versions: [version('v2')] } }).errors).toEqual([
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ]);
  });

  it('cannot change what the objects are called, once it is established', () => {
    const change = {
      spec: {
        scope: 'Cluster',
        group: 'b.example.com',
        names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget', listKind: 'GadgetList' },
      },
    };
    expect(crds.patch(stored(), change).errors).toEqual([
      'spec.group: Invalid value: "b.example.com": field is immutable',
      'spec.names.plural: Invalid value: "gadgets": field is immutable',
    ]);
    expect(crds.patch(stored(true), change).errors).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
      'spec.group: Invalid value: "b.example.com": field is immutable',
      'spec.names.plural: Invalid value: "gadgets": field is immutable',
    ]);
  });

  it('looks at authorities only once it is established', () => {
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://a', caBundle: 'Zm9v' }, conversionReviewVersions: ['v1'] },
    };
    expect(crds.patch(stored(), { spec: { conversion } }).errors).toEqual([]);
    expect(crds.patch(stored(true), { spec: { conversion } }).errors).toEqual([
      'spec.conversion.webhookClientConfig.caBundle: Invalid value: "Zm9v": unable to load root certificates: unable to parse bytes as PEM block',
    ]);
  });

  it('lets stay what was wrong before', () => {
    const old = stored();
    const set = { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' };
    const wrong = {
      ...old,
      spec: {
        ...old.spec,
        versions: [version('v1', { type: 'object', properties: { spec: { type: 'object', properties: { l: set } } } })],
      },
    };
    expect(crds.patch(wrong as unknown as CustomResourceDefinition, { spec: { names: { shortNames: ['w'] } } }).errors).toEqual([]);
  });

  it('has no webhook of which nothing is said', () => {
    for (const webhook of [{}, { conversionReviewVersions: [] }, { conversionReviewVersions: null }]) {
      const { object, errors } = crds.create(crd([version('v1')], { conversion: { strategy: 'None', webhook } }));
      expect(errors).toEqual([]);
      expect(object.spec.conversion).toEqual({ strategy: 'None', webhook: undefined });
    }
  });

  it('of the status counts what it stores as stored when nothing is said, whatever is said of the rest', () => {
    const { object } = crds.patch(stored(), { spec: null, status: null }, 'status');
    expect(object.status.storedVersions).toEqual(['v1']);
  });

  it('of the status changes nothing else', () => {
    const old = stored();
    const { object, errors } = crds.patch(
      old,
      { spec: { scope: 'Cluster' }, status: { storedVersions: ['v3'], acceptedNames: { plural: 'A', kind: 'Widget' } } },
      'status',
    );
    expect(object.spec).toEqual(old.spec);
    expect(object.status.storedVersions).toEqual(['v3']);
    expect(errors).toEqual([`status.acceptedNames.plural: Invalid value: "A": ${DNS_1035}`]);
  });
});
