import { z } from 'zod';
import { UserError } from '../../runtime/index.ts';
import { readConfigText } from '../config-file.ts';
import type { AccessAttributes, LocalAuthorizer, UserInfo } from './types.ts';

// Attribute-based access control: a file of policies, one JSON object a line. Upstream: pkg/auth/authorizer/abac.

export const ABAC_OPTION = 'authorization-policy-file';

const API_VERSION = 'abac.authorization.kubernetes.io/v1beta1';

const text = z.string().default('');
const oldFields = { user: text, group: text, readonly: z.boolean().default(false), resource: text, namespace: text };
/** As policies were before they had versions: what is not said of resources is all of them. */
const oldPolicySchema = z.object(oldFields);
const policySchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Policy'),
  spec: z.strictObject({ ...oldFields, apiGroup: text, nonResourcePath: text }),
});

type Policy = z.infer<typeof policySchema>['spec'];

const READING: readonly string[] = ['get', 'list', 'watch'];
/** Stands for everything. */
const ALL = '*';
const AUTHENTICATED = 'system:authenticated';

/** @throws UserError when the file cannot be read, or a line is no policy. */
export function createAbacAuthorizer(path: string): LocalAuthorizer {
  const policies = readConfigText(ABAC_OPTION, path)
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' || line.trimStart().startsWith('#') ? [] : [policyOf(line, `${path}:${i + 1}`)]));
  return {
    identity: { type: 'ABAC', name: 'abac' },
    authorize: (asked) =>
      policies.some((policy) => allows(policy, asked)) ? { allowed: true, reason: '' } : { allowed: false, reason: 'No policy matched.' },
    rulesFor: (user, namespace) => {
      const held = policies.filter((policy) => isFor(policy, user));
      return {
        resourceRules: held
          .filter((policy) => policy.resource !== '' && (policy.namespace === ALL || policy.namespace === namespace))
          .map((policy) => ({ verbs: verbsOf(policy), apiGroups: [policy.apiGroup], resources: [policy.resource] })),
        nonResourceRules: held
          .filter((policy) => policy.nonResourcePath !== '' && (policy.namespace === ALL || policy.namespace === namespace))
          .map((policy) => ({ verbs: verbsOf(policy), nonResourceURLs: [policy.nonResourcePath] })),
      };
    },
  };
}

function policyOf(line: string, place: string): Policy {
  try {
    const value: unknown = JSON.parse(line);
    return ofSomebody(isUnversioned(value) ? fromOld(oldPolicySchema.parse(value)) : policySchema.parse(value).spec);
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error instanceof Error ? error.message : error);
    throw new UserError(`--${ABAC_OPTION}: ${place} is no Policy of ${API_VERSION} (${why})`, { cause: error });
  }
}

const isUnversioned = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !('apiVersion' in value && 'kind' in value);

const fromOld = ({ namespace, resource, ...policy }: z.infer<typeof oldPolicySchema>): Policy => ({
  ...policy,
  ...(policy.user === '' && policy.group === '' ? { group: ALL } : {}),
  namespace: namespace || ALL,
  resource: resource || ALL,
  apiGroup: ALL,
  nonResourcePath: namespace === '' && resource === '' ? ALL : '',
});

/** All users are those who are known: upstream's `Convert_v1beta1_Policy_To_abac_Policy`. */
const ofSomebody = (policy: Policy): Policy =>
  policy.user === ALL || policy.group === ALL ? { ...policy, user: '', group: AUTHENTICATED } : policy;

const verbsOf = ({ readonly }: Policy): readonly string[] => (readonly ? READING : [ALL]);

function allows(policy: Policy, asked: AccessAttributes): boolean {
  if (!isFor(policy, asked.user) || (policy.readonly && !READING.includes(asked.verb))) return false;
  if (!asked.resourceRequest) return matchesPath(policy.nonResourcePath, asked.path);
  const fits = (given: string, wanted: string) => given === ALL || given === wanted;
  return fits(policy.namespace, asked.namespace) && fits(policy.resource, asked.resource) && fits(policy.apiGroup, asked.group);
}

/** A policy names a user, a group, or both; who is named must fit. */
function isFor({ user, group }: Policy, { name, groups }: UserInfo): boolean {
  if (user === '' && group === '') return false;
  return (user === '' || user === name) && (group === '' || groups.includes(group));
}

const matchesPath = (pattern: string, path: string): boolean =>
  pattern === ALL || pattern === path || (pattern.endsWith(ALL) && path.startsWith(pattern.replace(/\*+$/, '')));
