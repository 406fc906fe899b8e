import type { LocalAuthorizer } from './types.ts';

/** Everybody may do everything: `AlwaysAllow`. */
export const ALWAYS_ALLOW: LocalAuthorizer = {
  identity: { type: 'AlwaysAllow', name: 'alwaysallow' },
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }),
};

/** Nobody is allowed anything by it: `AlwaysDeny`, which upstream has no opinion either. */
export const ALWAYS_DENY: LocalAuthorizer = {
  identity: { type: 'AlwaysDeny', name: 'alwaysdeny' },
  authorize: () => ({ allowed: false, reason: 'Everything is forbidden.' }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
};
