import { describe, expect, it } from 'vitest';
import { type FlowSchema, flowcontrolKinds, type PriorityLevelConfiguration } from '../../../api/index.ts';
import { MANDATORY_LEVELS, MANDATORY_SCHEMAS, SUGGESTED_LEVELS, SUGGESTED_SCHEMAS } from '../../flow-control/bootstrap-objects.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { flowSchemaStrategy } from './flow-schema.ts';
import { priorityLevelConfigurationStrategy } from './priority-level-configuration.ts';

const CREATED = '2023-12-31T23:59:30Z';

const schemas = new StrategyHarness<FlowSchema>(flowSchemaStrategy, flowcontrolKinds.flowschemas);
const levels = new StrategyHarness<PriorityLevelConfiguration>(
  priorityLevelConfigurationStrategy,
  flowcontrolKinds.prioritylevelconfigurations,
);

const LEVEL = { priorityLevelConfiguration: { name: 'global-default' } };
const USER = { kind: 'User', user: { name: 'u' } };
const ANY = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] };
const errorsOf = (rule: object) => schemas.create({ spec: { ...LEVEL, rules: [rule] } }).errors;
const subjectErrors = (subject: object) => errorsOf({ subjects: [subject], resourceRules: [ANY] });
const ruleErrors = (rule: object) => errorsOf({ subjects: [USER], resourceRules: [rule] });
const pathErrors = (rule: object) => errorsOf({ subjects: [USER], nonResourceRules: [rule] });

it('the objects of a new cluster are good, and as they are after defaults', () => {
  for (const object of [...MANDATORY_SCHEMAS, ...SUGGESTED_SCHEMAS]) {
    expect(schemas.stored(structuredClone(object)).spec).toEqual(object.spec);
  }
  for (const object of [...MANDATORY_LEVELS, ...SUGGESTED_LEVELS]) {
    expect(levels.stored(structuredClone(object)).spec).toEqual(object.spec);
  }
});

describe('FlowSchema', () => {
  it('is tried among the thousandth unless it says otherwise', () => {
    const schema = schemas.stored({ spec: LEVEL, status: { conditions: [{ type: 'Dangling', status: 'True' }] } });
    expect([schema.spec.matchingPrecedence, schema.metadata.generation, schema.status]).toEqual([1000, 1, {}]);
    expect(schemas.patch(schema, { spec: { matchingPrecedence: 7 } }).object.metadata.generation).toBe(2);
    expect(schemas.patch(schema, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(1);
  });

  it('names a level and a precedence', () => {
    const create = (spec: object) => schemas.create({ spec }).errors;
    expect(create({})).toEqual(['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']);
    expect(create({ ...LEVEL, matchingPrecedence: -1 })).toEqual(['spec.matchingPrecedence: Invalid value: -1: must be a positive value']);
    expect(create({ priorityLevelConfiguration: { name: 'A_b' } })).toEqual([
      expect.stringContaining('spec.priorityLevelConfiguration.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of'),
    ]);
  });

  it('checks whom it is of', () => {
    expect(errorsOf({})).toEqual([
      'spec.rules[0].subjects: Required value: subjects must contain at least one value',
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ]);
    const at = 'spec.rules[0].subjects[0]';
    expect(subjectErrors({ kind: 'User' })).toEqual([`${at}.user: Required value: user is required when subject kind is 'User'`]);
    expect(subjectErrors({ kind: 'Group', group: { name: '' } })).toEqual([`${at}.group.name: Required value`]);
    expect(subjectErrors({ kind: 'ServiceAccount', serviceAccount: { name: 'A', namespace: '' } })).toEqual([
      expect.stringContaining(`${at}.serviceAccount.name: Invalid value: "A": a lowercase RFC 1123 subdomain`),
      `${at}.serviceAccount.namespace: Required value: must specify namespace for service account`,
    ]);
    expect(subjectErrors({ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'a.b' } })).toEqual([
      `${at}.serviceAccount.namespace: Invalid value: "a.b": must not contain dots`,
    ]);
    expect(subjectErrors({ ...USER, group: { name: 'g' }, serviceAccount: { name: 'a', namespace: 'b' } })).toEqual([
      `${at}.serviceAccount: Forbidden: serviceAccount is forbidden when subject kind is not 'ServiceAccount'`,
      `${at}.group: Forbidden: group is forbidden when subject kind is not 'Group'`,
    ]);
  });

  it('checks what it is about', () => {
    const at = 'spec.rules[0].resourceRules[0]';
    expect(ruleErrors({})).toEqual([
      `${at}.verbs: Required value: verbs must contain at least one value`,
      `${at}.apiGroups: Required value: resource rules must supply at least one api group`,
      `${at}.resources: Required value: resource rules must supply at least one resource`,
      `${at}.namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
    ]);
    const both = ['*', 'a'];
    expect(ruleErrors({ verbs: ['*', 'get'], apiGroups: both, resources: both, namespaces: both })).toEqual([
      `${at}.verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      `${at}.apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other api groups`,
      `${at}.resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources`,
      `${at}.namespaces: Invalid value: ["*","a"]: if '*' is present, must not specify other namespaces`,
    ]);
    expect(ruleErrors({ ...ANY, namespaces: ['A'] })).toEqual([
      expect.stringContaining(
        `${at}.namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label`,
      ),
    ]);
    expect(ruleErrors({ ...ANY, namespaces: undefined, clusterScope: true })).toEqual([]);
  });

  it('checks the paths it is about', () => {
    const at = 'spec.rules[0].nonResourceRules[0]';
    expect(pathErrors({})).toEqual([
      `${at}.verbs: Required value: verbs must contain at least one value`,
      `${at}.nonResourceURLs: Required value: nonResourceURLs must contain at least one value`,
    ]);
    const urls = ['/', '/healthz', '/healthz/*', '', 'a', '/a b', '/a//b', '/a*', '/*/*'];
    expect(pathErrors({ verbs: ['get'], nonResourceURLs: urls })).toEqual([
      `${at}.nonResourceURLs[3]: Invalid value: "": must not be empty`,
      `${at}.nonResourceURLs[4]: Invalid value: "a": must start with slash`,
      `${at}.nonResourceURLs[5]: Invalid value: "/a b": must not contain white-space`,
      `${at}.nonResourceURLs[6]: Invalid value: "/a//b": must not contain double slash`,
      `${at}.nonResourceURLs[7]: Invalid value: "/a*": wildcard can only do suffix matching`,
      `${at}.nonResourceURLs[8]: Invalid value: "/*/*": wildcard can only do suffix matching`,
    ]);
  });

  it('is what it must be when it is mandatory', () => {
    const [exempt, catchAll] = MANDATORY_SCHEMAS;
    const stored = schemas.stored(structuredClone(catchAll ?? {}));
    expect(schemas.patch(stored, { spec: { distinguisherMethod: null } }).errors).toEqual([
      expect.stringMatching(
        /^spec: Invalid value: \{"PriorityLevelConfiguration":\{"Name":"catch-all"\},.*: spec of 'catch-all' must equal/,
      ),
    ]);
    expect(schemas.patch(schemas.stored(structuredClone(exempt ?? {})), { metadata: { annotations: { a: 'b' } } }).errors).toEqual([]);
  });

  it('says in its status whether its level is there, and nothing else can be said there', () => {
    const schema = schemas.stored({ spec: LEVEL });
    const conditions = [{ type: 'Dangling', status: 'False' }, { type: 'Dangling' }, { type: '' }];
    const patch = { metadata: { labels: { a: 'b' } }, spec: { matchingPrecedence: 3 }, status: { conditions } };
    const { object, errors } = schemas.patch(schema, patch, 'status');
    expect(errors).toEqual(['status.conditions[1].type: Duplicate value: "Dangling"', 'status.conditions[2].type: Required value']);
    expect([object.metadata.labels, object.spec.matchingPrecedence, object.status.conditions?.length]).toEqual([undefined, 1000, 3]);
  });

  it('is shown with its level, in the order in which schemas are tried', () => {
    const schema = schemas.stored({ spec: { ...LEVEL, distinguisherMethod: { type: 'ByUser' } } });
    schema.metadata.creationTimestamp = CREATED;
    expect(schemas.row(schema)).toEqual(['x', 'global-default', 1000, 'ByUser', '30s', '?']);
    schema.status = { conditions: [{ type: 'Dangling', status: 'True' }] };
    expect(schemas.row({ ...schema, spec: LEVEL })).toEqual(['x', 'global-default', 0, '<none>', '30s', 'True']);
    const of = (name: string, matchingPrecedence: number) => ({ ...schema, metadata: { name }, spec: { ...LEVEL, matchingPrecedence } });
    const sorted = [of('b', 5), of('c', 1), of('a', 5)].sort((a, b) => flowSchemaStrategy.tableOrder?.(a, b) ?? 0);
    expect(sorted.map(({ metadata }) => metadata.name)).toEqual(['c', 'a', 'b']);
  });
});

describe('PriorityLevelConfiguration', () => {
  const limited = (more: object) => levels.create({ spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' }, ...more } } });
  const queuing = (config: object) => limited({ limitResponse: { type: 'Queue', queuing: config } });

  it('has upstream’s defaults, and may have no shares at all', () => {
    expect(limited({}).object.spec.limited).toEqual({
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { type: 'Reject' },
    });
    expect(limited({ nominalConcurrencyShares: 0 })).toMatchObject({
      errors: [],
      object: { spec: { limited: { nominalConcurrencyShares: 0 } } },
    });
    expect(queuing({}).object.spec.limited?.limitResponse?.queuing).toEqual({ queues: 64, handSize: 8, queueLengthLimit: 50 });
    expect(levels.create({ metadata: { name: 'exempt' }, spec: { type: 'Exempt', exempt: {} } })).toMatchObject({
      errors: [],
      object: { spec: { exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
    });
  });

  it('is of one type, and has what the type takes', () => {
    const create = (spec: object) => levels.create({ spec }).errors;
    expect(create({})).toEqual(['spec.type: Unsupported value: "": supported values: "Exempt", "Limited"']);
    expect(create({ type: 'Limited', exempt: {} })).toEqual([
      'spec.exempt: Forbidden: must be nil if the type is Limited',
      'spec.limited: Required value: must not be empty when type is Limited',
    ]);
    expect(create({ type: 'Exempt', limited: { limitResponse: { type: 'Reject' } } })).toEqual([
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
      'spec.limited: Forbidden: must be nil if the type is not Limited',
    ]);
  });

  it('checks its numbers', () => {
    const at = 'spec.limited';
    expect(limited({ nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 }).errors).toEqual([
      `${at}.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer`,
      `${at}.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive`,
      `${at}.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer`,
    ]);
    expect(limited({ limitResponse: {} }).errors).toEqual([
      `${at}.limitResponse.type: Unsupported value: "": supported values: "Queue", "Reject"`,
    ]);
    expect(limited({ limitResponse: { type: 'Queue' } }).errors).toEqual([
      `${at}.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited`,
    ]);
    expect(limited({ limitResponse: { type: 'Reject', queuing: {} } }).errors).toEqual([
      `${at}.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited`,
    ]);
  });

  it('checks its queues', () => {
    const at = 'spec.limited.limitResponse.queuing';
    expect(queuing({ queues: -1, handSize: -1, queueLengthLimit: -1 }).errors).toEqual([
      `${at}.queueLengthLimit: Invalid value: -1: must be positive`,
      `${at}.queues: Invalid value: -1: must be positive`,
      `${at}.handSize: Invalid value: -1: must be positive`,
    ]);
    expect(queuing({ queues: 4 }).errors).toEqual([`${at}.handSize: Invalid value: 8: should not be greater than queues (4)`]);
    expect(queuing({ queues: 10_000_001, handSize: 1 }).errors).toEqual([
      `${at}.queues: Invalid value: 10000001: must not be greater than 10000000`,
    ]);
    expect(queuing({ queues: 512, handSize: 8 }).errors).toEqual([
      `${at}.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60`,
    ]);
  });

  it('is what it must be when it is mandatory; of the exempt one its shares may change', () => {
    const [catchAll, exempt] = MANDATORY_LEVELS;
    const stored = levels.stored(structuredClone(exempt ?? {}));
    expect(levels.patch(stored, { spec: { exempt: { nominalConcurrencyShares: 7 } } }).errors).toEqual([]);
    expect(levels.patch(stored, { spec: { exempt: { lendablePercent: -1 } } }).errors).toEqual([
      'spec.exempt.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive',
    ]);
    const other = levels.stored(structuredClone(catchAll ?? {}));
    expect(levels.patch(other, { spec: { limited: { nominalConcurrencyShares: 6 } } }).errors).toEqual([
      'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":6,"LimitResponse":{"Type":"Reject","Queuing":null},' +
        '"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of \'catch-all\' must equal the fixed value',
    ]);
    expect(levels.patch(stored, { spec: { limited: { limitResponse: { type: 'Reject' } } } }).errors).toEqual([
      'spec.limited: Forbidden: must be nil if the type is not Limited',
      expect.stringContaining("spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"),
    ]);
  });

  it('is shown with its queues', () => {
    const level = queuing({}).object;
    level.metadata.creationTimestamp = CREATED;
    expect(levels.row(level)).toEqual(['x', 'Limited', 30, 64, 8, 50, '30s']);
    expect(levels.row({ ...level, spec: limited({}).object.spec })).toEqual(['x', 'Limited', 30, '<none>', '<none>', '<none>', '30s']);
    expect(levels.row({ ...level, spec: { type: 'Exempt', exempt: {} } })[2]).toBe('<none>');
  });
});
