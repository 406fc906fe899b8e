import { describe, expect, it } from 'vitest';
import { admissionregistrationKinds, type MutatingWebhookConfiguration, type ValidatingWebhookConfiguration } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { mutatingWebhookConfigurationStrategy, validatingWebhookConfigurationStrategy } from './webhook-configuration.ts';

const mutating = new StrategyHarness<MutatingWebhookConfiguration>(
  mutatingWebhookConfigurationStrategy,
  admissionregistrationKinds.mutatingwebhookconfigurations,
);
const validating = new StrategyHarness<ValidatingWebhookConfiguration>(
  validatingWebhookConfigurationStrategy,
  admissionregistrationKinds.validatingwebhookconfigurations,
);

const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const webhook = (more: object = {}) => ({
  name: 'a.example.com',
  clientConfig: { url: 'https://hooks.example.com/a' },
  rules: [RULE],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const errorsOf = (more: object) => mutating.create({ webhooks: [webhook(more)] }).errors;

describe('a webhook configuration', () => {
  it('gets defaults and a generation', () => {
    const service = { namespace: 'n', name: 's' };
    const { object } = mutating.create({ webhooks: [webhook({ clientConfig: { service } })] });
    expect(object.metadata.generation).toBe(1);
    expect(object.webhooks).toEqual([
      {
        name: 'a.example.com',
        clientConfig: { service: { ...service, port: 443 } },
        rules: [{ ...RULE, scope: '*' }],
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        sideEffects: 'None',
        timeoutSeconds: 10,
        admissionReviewVersions: ['v1'],
        reinvocationPolicy: 'Never',
      },
    ]);
  });

  it('says nothing about being called again when it only validates', () => {
    const { object, errors } = validating.create({ webhooks: [webhook()] });
    expect(errors).toEqual([]);
    expect(object.webhooks?.[0]).not.toHaveProperty('reinvocationPolicy');
  });

  it('has a new generation when its webhooks change', () => {
    const old = mutating.stored({ webhooks: [webhook()] });
    expect(mutating.patch(old, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(1);
    expect(mutating.patch(old, { webhooks: [webhook({ timeoutSeconds: 5 })] }).object.metadata.generation).toBe(2);
  });

  it('may be empty', () => {
    expect(mutating.create({}).errors).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'a name with two parts',
      { name: 'a.b' },
      ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots'],
    ],
    ['no name', { name: '' }, ['webhooks[0].name: Required value']],
    ['nobody to call', { clientConfig: {} }, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [
      'two to call',
      { clientConfig: { url: 'https://a', service: { namespace: 'n', name: 's' } } },
      ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'a URL without TLS, and with too much',
      { clientConfig: { url: 'http://u@a/b?c#d' } },
      [
        `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "d": fragments are not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "c": query parameters are not permitted in the URL',
      ],
    ],
    [
      'a service without a namespace, which upstream takes for its name, and a wrong port and path',
      { clientConfig: { service: { namespace: '', name: 's', port: 0, path: 'a//b' } } },
      [
        'webhooks[0].clientConfig.service.name: Required value',
        'webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
        `webhooks[0].clientConfig.service.path: Invalid value: "a//b": must start with a '/'`,
        'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
        'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
      ],
    ],
    [
      'side effects',
      { sideEffects: 'Some' },
      ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
    [
      'too much time',
      { timeoutSeconds: 31 },
      ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      'no review version',
      { admissionReviewVersions: [] },
      ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      'review versions twice, and none that is known',
      { admissionReviewVersions: ['v2', 'v2'] },
      [
        'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
        'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      'an expression that is none',
      { matchConditions: [{ name: 'a', expression: 'object.' }] },
      [
        expect.stringContaining(
          'webhooks[0].matchConditions[0].expression: Invalid value: "object.": compilation failed: ERROR: <input>:1:8',
        ) as unknown as string,
      ],
    ],
    [
      'an expression that is no condition',
      {
        matchConditions: [
          { name: 'a', expression: 'object.metadata.name' },
          { name: 'a', expression: '"x"' },
        ],
      },
      [
        'webhooks[0].matchConditions[0].expression: Invalid value: "object.metadata.name": must evaluate to bool but got dyn',
        'webhooks[0].matchConditions[1].expression: Invalid value: "\\"x\\"": must evaluate to bool but got string',
        'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
      ],
    ],
    [
      'parameters, which webhooks do not have',
      { matchConditions: [{ name: 'a', expression: 'params.x' }] },
      [expect.stringContaining("undeclared reference to 'params'") as unknown as string],
    ],
    [
      'a selector that is none',
      { objectSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } },
      ['webhooks[0].objectSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator'],
    ],
  ])('is refused with %s', (_, more, errors) => {
    expect(errorsOf(more)).toEqual(errors);
  });

  it('names each webhook once', () => {
    expect(mutating.create({ webhooks: [webhook(), webhook()] }).errors).toEqual(['webhooks[1].name: Duplicate value: "a.example.com"']);
  });

  it('may keep what it has: conditions that no longer compile, side effects, names given twice', () => {
    const old = mutating.create({
      webhooks: [webhook({ matchConditions: [{ name: 'a', expression: 'gone(1)' }] }), webhook({ sideEffects: 'Some' })],
    }).object;
    expect(mutating.patch(old, { metadata: { labels: { a: 'b' } } }).errors).toEqual([]);
    const changed = [webhook({ matchConditions: [{ name: 'a', expression: 'gone(2)' }] })];
    expect(mutating.patch(old, { webhooks: changed }).errors).toEqual([expect.stringContaining('undeclared reference to')]);
  });

  it('is shown with the number of its webhooks', () => {
    const stored = mutating.stored({ webhooks: [webhook()] });
    expect(mutatingWebhookConfigurationStrategy.tableRow?.(stored, 0).slice(1, 2)).toEqual([1]);
  });
});
