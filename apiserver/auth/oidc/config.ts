import { z } from 'zod';
import type { ConfigFormat } from '../../config-file.ts';

// AuthenticationConfiguration of apiserver.config.k8s.io (apiserver, pkg/apis/apiserver/v1/types.go).

const text = z.string().nullish();
const claimOrExpression = { claim: text, expression: text };
const prefixed = z.strictObject({ ...claimOrExpression, prefix: text });

const jwtSchema = z.strictObject({
  issuer: z.strictObject({
    url: text,
    discoveryURL: text,
    certificateAuthority: text,
    audiences: z.array(z.string()).nullish(),
    audienceMatchPolicy: text,
    egressSelectorType: text,
  }),
  claimValidationRules: z.array(z.strictObject({ claim: text, requiredValue: text, expression: text, message: text })).nullish(),
  claimMappings: z
    .strictObject({
      username: prefixed.nullish(),
      groups: prefixed.nullish(),
      uid: z.strictObject(claimOrExpression).nullish(),
      extra: z.array(z.strictObject({ key: text, valueExpression: text })).nullish(),
    })
    .nullish(),
  userValidationRules: z.array(z.strictObject({ expression: text, message: text })).nullish(),
});

const schema = z.strictObject({
  jwt: z.array(jwtSchema).nullish(),
  anonymous: z
    .strictObject({ enabled: z.boolean().nullish(), conditions: z.array(z.strictObject({ path: z.string() })).nullish() })
    .nullish(),
});

export type AuthenticationConfiguration = z.infer<typeof schema>;
export type JwtConfiguration = z.infer<typeof jwtSchema>;
export type PrefixedClaim = z.infer<typeof prefixed>;

export const AUTHENTICATION_OPTION = 'authentication-config';

export const AUTHENTICATION_FORMAT: ConfigFormat<AuthenticationConfiguration> = {
  option: AUTHENTICATION_OPTION,
  kind: 'AuthenticationConfiguration',
  apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1'],
  schema,
};

/** `--oidc-…` */
export interface OidcFlags {
  readonly issuerUrl: string;
  readonly clientId: string;
  /** PEM. */
  readonly ca: string | undefined;
  readonly usernameClaim: string;
  readonly usernamePrefix: string;
  readonly groupsClaim: string;
  readonly groupsPrefix: string;
  readonly requiredClaims: Readonly<Record<string, string>>;
}

/** Stands for no prefix at all. */
const NO_PREFIX = '-';

/** The same as a configuration file would say it. Upstream: pkg/kubeapiserver/options/authentication.go. */
export function configurationOf(flags: OidcFlags): JwtConfiguration {
  const { issuerUrl, usernameClaim, usernamePrefix, groupsClaim, groupsPrefix, requiredClaims } = flags;
  // Names other than e-mail addresses are told apart by who issued them, unless that is said otherwise.
  const prefix = usernamePrefix === '' && usernameClaim !== 'email' ? `${issuerUrl}#` : usernamePrefix;
  return {
    issuer: { url: issuerUrl, audiences: [flags.clientId], certificateAuthority: flags.ca },
    claimMappings: {
      username: { claim: usernameClaim, prefix: prefix === NO_PREFIX ? '' : prefix },
      ...(groupsClaim === '' ? {} : { groups: { claim: groupsClaim, prefix: groupsPrefix } }),
    },
    claimValidationRules: Object.entries(requiredClaims).map(([claim, requiredValue]) => ({ claim, requiredValue })),
  };
}
