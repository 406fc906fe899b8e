import { X509Certificate } from 'node:crypto';
import { type CompiledExpression, celTypes, compileExpression, ExpressionError, structTypesOf } from '../../../api/cel.ts';
import { type FieldError, fieldError } from '../../../api/index.ts';
import type { Dial } from '../../../runtime/index.ts';
import type { Egress } from '../../egress/index.ts';
import { checkDomainPrefixedPath } from '../../validation/domain-path.ts';
import { hasSelect } from './claim-use.ts';
import type { AuthenticationConfiguration, JwtConfiguration, PrefixedClaim } from './config.ts';

// Checks and compiles how tokens of providers are understood. Upstream: apiserver, pkg/apis/apiserver/validation/validation.go.

export type CelType = celTypes.CelType;

/** How a value is made of a token's claims. */
export type ClaimSource = { readonly claim: string; readonly prefix: string } | { readonly expression: CompiledExpression };

export interface CompiledRule {
  readonly expression: CompiledExpression;
  readonly message: string;
}

/** A provider, and what becomes of its tokens. */
export interface CompiledJwt {
  readonly issuer: string;
  readonly discoveryUrl: string | undefined;
  readonly ca: string | undefined;
  /** The way to it; direct unless given. */
  readonly dial: Dial | undefined;
  readonly audiences: readonly string[];
  readonly username: ClaimSource;
  readonly groups: ClaimSource | undefined;
  readonly uid: ClaimSource | undefined;
  readonly extra: readonly { readonly key: string; readonly expression: CompiledExpression }[];
  readonly requiredClaims: ReadonlyMap<string, string>;
  readonly claimRules: readonly CompiledRule[];
  readonly userRules: readonly CompiledRule[];
}

export interface Compiled {
  readonly jwt: readonly CompiledJwt[];
  readonly errors: readonly FieldError[];
}

const JWT_MAX = 64;
const { BOOL, STRING, listOf, mapOf, struct, ANY } = celTypes;
const USER = 'kubernetes.UserInfo';
const CLAIMS_ENVIRONMENT = { variables: new Map([['claims', mapOf(STRING, ANY)]]) };
const USER_ENVIRONMENT = {
  variables: new Map([['user', struct(USER)]]),
  structs: structTypesOf({ [USER]: { username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) } }),
};

/** @param disallowedIssuers those of service accounts. @param egress the ways out that there are. */
export function compileAuthentication(
  { jwt, anonymous }: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
  egress: Egress = new Map(),
): Compiled {
  const every = jwt ?? [];
  if (every.length > JWT_MAX) return { jwt: [], errors: [fieldError.tooMany('jwt', every.length, JWT_MAX)] };
  const errors: FieldError[] = [];
  const issuers = new Set<string>();
  const discoveryUrls = new Set<string>();
  const compiled = every.map((each, i) => {
    const path = `jwt[${i}]`;
    const one = compileJwt(each, path, { disallowed: disallowedIssuers, egress });
    errors.push(...one.errors);
    const { url, discoveryURL } = each.issuer;
    if (issuers.has(url ?? '')) errors.push(fieldError.duplicate(`${path}.issuer.url`, url));
    issuers.add(url ?? '');
    if (discoveryURL && discoveryUrls.has(discoveryURL)) errors.push(fieldError.duplicate(`${path}.issuer.discoveryURL`, discoveryURL));
    if (discoveryURL) discoveryUrls.add(discoveryURL);
    return one.jwt;
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length) {
    errors.push(
      fieldError.invalid('anonymous.conditions', anonymous.conditions, 'enabled should be set to true when conditions are defined'),
    );
  }
  return { jwt: compiled, errors };
}

/** What is wrong is gathered as it is met; what was compiled is of use only when nothing is. */
class Compiler {
  readonly errors: FieldError[] = [];
  usesEmail = false;
  usesEmailVerified = false;

  claims(text: string, path: string, returns?: CelType): CompiledExpression | undefined {
    return this.#compile(text, path, { ...CLAIMS_ENVIRONMENT, returns });
  }

  user(text: string, path: string): CompiledExpression | undefined {
    return this.#compile(text, path, { ...USER_ENVIRONMENT, returns: BOOL });
  }

  #compile(text: string, path: string, { returns, ...environment }: typeof CLAIMS_ENVIRONMENT & { returns: CelType | undefined }) {
    try {
      const compiled = compileExpression(text, environment);
      if (returns === undefined || celTypes.isSameType(compiled.type, returns)) return compiled;
      this.errors.push(fieldError.invalid(path, text, `must evaluate to ${returns.name}`));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.errors.push(fieldError.invalid(path, text, error.message));
    }
    return undefined;
  }
}

/** What an issuer may not be, and by which ways it may be reached. */
interface Allowed {
  readonly disallowed: readonly string[];
  readonly egress: Egress;
}

const isSelected = (type: string): type is 'controlplane' | 'cluster' => type === 'controlplane' || type === 'cluster';

function compileJwt(config: JwtConfiguration, path: string, allowed: Allowed): { jwt: CompiledJwt; errors: FieldError[] } {
  const compiler = new Compiler();
  compiler.errors.push(...issuerErrors(config.issuer, `${path}.issuer`, allowed));
  const { requiredClaims, claimRules } = claimRulesOf(compiler, config.claimValidationRules ?? [], `${path}.claimValidationRules`);
  const mappings = mappingsOf(compiler, config.claimMappings ?? {}, `${path}.claimMappings`);
  const userRules = userRulesOf(compiler, config.userValidationRules ?? [], `${path}.userValidationRules`);
  const { url, discoveryURL, certificateAuthority, audiences, egressSelectorType: way = '' } = config.issuer;
  const jwt: CompiledJwt = {
    issuer: url ?? '',
    discoveryUrl: discoveryURL || undefined,
    ca: certificateAuthority || undefined,
    dial: way && isSelected(way) ? allowed.egress.get(way) : undefined,
    audiences: audiences ?? [],
    ...mappings,
    requiredClaims,
    claimRules,
    userRules,
  };
  return { jwt, errors: compiler.errors };
}

function issuerErrors(issuer: JwtConfiguration['issuer'], path: string, { disallowed, egress }: Allowed): FieldError[] {
  const { discoveryURL, certificateAuthority, egressSelectorType } = issuer;
  const url = issuer.url ?? '';
  const errors = url === '' ? [fieldError.required(`${path}.url`)] : urlErrors(url, `${path}.url`, disallowed);
  if (discoveryURL) {
    const at = `${path}.discoveryURL`;
    const isSame = url !== '' && url.replace(/\/+$/, '') === discoveryURL.replace(/\/+$/, '');
    if (isSame) errors.push(fieldError.invalid(at, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(discoveryURL, at, []));
  }
  errors.push(...audienceErrors(issuer, path));
  if (certificateAuthority && !isCertificate(certificateAuthority)) {
    const why = 'data does not contain any valid RSA or ECDSA certificates';
    errors.push(fieldError.invalid(`${path}.certificateAuthority`, '<omitted>', why));
  }
  if (egressSelectorType && !(isSelected(egressSelectorType) && egress.has(egressSelectorType))) {
    const why = isSelected(egressSelectorType)
      ? `egress lookup for "${egressSelectorType}" is not configured`
      : 'egress selector must be either controlplane or cluster';
    errors.push(fieldError.invalid(`${path}.egressSelectorType`, egressSelectorType, why));
  }
  return errors;
}

function urlErrors(text: string, path: string, disallowed: readonly string[]): FieldError[] {
  const wrong = (why: string) => fieldError.invalid(path, text, why);
  const errors = disallowed.includes(text)
    ? [wrong(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`)]
    : [];
  if (!URL.canParse(text)) {
    return [...errors, wrong(SCHEME.test(text) ? `parse ${JSON.stringify(text)}: ${parseProblem(text)}` : 'URL scheme must be https')];
  }
  const url = new URL(text);
  if (url.protocol !== 'https:') errors.push(wrong('URL scheme must be https'));
  if (url.username !== '' || url.password !== '') errors.push(wrong('URL must not contain a username or password'));
  if (url.search !== '') errors.push(wrong('URL must not contain a query'));
  if (url.hash !== '') errors.push(wrong('URL must not contain a fragment'));
  return errors;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const PORT = /^[^:]+:\/\/[^/?#]*[^/?#:\]](?<port>:[^/?#:\]]*)(?:[/?#]|$)/;

/** What Go finds wrong with a URL. */
function parseProblem(text: string): string {
  const port = PORT.exec(text)?.groups?.port;
  return port !== undefined && !/^:\d*$/.test(port) ? `invalid port ${JSON.stringify(port)} after host` : 'invalid URL';
}

function audienceErrors({ audiences, audienceMatchPolicy }: JwtConfiguration['issuer'], path: string): FieldError[] {
  const every = audiences ?? [];
  if (every.length === 0) return [fieldError.required(`${path}.audiences`, `at least one ${path}.audiences is required`)];
  const errors = every.flatMap((audience, i) => [
    ...(audience === '' ? [fieldError.required(`${path}.audiences[${i}]`)] : []),
    ...(every.indexOf(audience) < i ? [fieldError.duplicate(`${path}.audiences[${i}]`, audience)] : []),
  ]);
  const policy = audienceMatchPolicy ?? '';
  const at = `${path}.audienceMatchPolicy`;
  if (every.length > 1 && policy !== 'MatchAny') {
    errors.push(fieldError.invalid(at, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
  }
  if (every.length === 1 && policy !== '' && policy !== 'MatchAny') {
    errors.push(fieldError.invalid(at, policy, 'audienceMatchPolicy must be empty or MatchAny for single audience'));
  }
  return errors;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // that it is none is all that is asked
  }
}

type ClaimRule = NonNullable<JwtConfiguration['claimValidationRules']>[number];

function claimRulesOf(compiler: Compiler, rules: readonly ClaimRule[], path: string): Pick<CompiledJwt, 'requiredClaims' | 'claimRules'> {
  const requiredClaims = new Map<string, string>();
  const claimRules: CompiledRule[] = [];
  const seen = new Set<string>();
  for (const [i, rule] of rules.entries()) {
    const at = `${path}[${i}]`;
    const { claim, expression } = rule;
    if (claim && expression) compiler.errors.push(fieldError.invalid(at, claim, "claim and expression can't both be set"));
    else if (claim) requireClaim(compiler, rule, at, requiredClaims);
    else if (expression) claimRules.push(...expressionRule(compiler, rule, at, seen));
    else compiler.errors.push(fieldError.required(at, 'claim or expression is required'));
  }
  return { requiredClaims, claimRules };
}

function requireClaim(compiler: Compiler, { claim, requiredValue, message }: ClaimRule, path: string, found: Map<string, string>): void {
  const name = claim ?? '';
  if (message) compiler.errors.push(fieldError.invalid(`${path}.message`, message, 'may not be specified when claim is set'));
  if (found.has(name)) compiler.errors.push(fieldError.duplicate(`${path}.claim`, name));
  found.set(name, requiredValue ?? '');
}

function expressionRule(compiler: Compiler, rule: ClaimRule, path: string, seen: Set<string>): CompiledRule[] {
  const { expression, requiredValue, message } = rule;
  if (requiredValue) {
    compiler.errors.push(fieldError.invalid(`${path}.requiredValue`, requiredValue, 'may not be specified when expression is set'));
  }
  return ruleOf(compiler, { text: expression ?? '', message, path: `${path}.expression` }, seen);
}

interface RuleText {
  readonly text: string;
  readonly message: string | null | undefined;
  readonly path: string;
}

function ruleOf(compiler: Compiler, { text, message, path }: RuleText, seen: Set<string>): CompiledRule[] {
  if (seen.has(text)) {
    compiler.errors.push(fieldError.duplicate(path, text));
    return [];
  }
  seen.add(text);
  const expression = compiler.claims(text, path, BOOL);
  if (expression && hasSelect(text, 'claims', 'email_verified')) compiler.usesEmailVerified = true;
  return expression ? [{ expression, message: message ?? '' }] : [];
}

function userRulesOf(compiler: Compiler, rules: NonNullable<JwtConfiguration['userValidationRules']>, path: string): CompiledRule[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression: text, message }, i) => {
    const at = `${path}[${i}].expression`;
    if (!text) compiler.errors.push(fieldError.required(at));
    else if (seen.has(text)) compiler.errors.push(fieldError.duplicate(at, text));
    if (!text || seen.has(text)) return [];
    seen.add(text);
    const expression = compiler.user(text, at);
    return expression ? [{ expression, message: message ?? '' }] : [];
  });
}

type Mappings = NonNullable<JwtConfiguration['claimMappings']>;

function mappingsOf(compiler: Compiler, mappings: Mappings, path: string): Pick<CompiledJwt, 'username' | 'groups' | 'uid' | 'extra'> {
  const { username: given, groups, uid } = mappings;
  const username = sourceOf(compiler, given ?? {}, `${path}.username`);
  if (!given?.claim && !given?.expression) compiler.errors.push(fieldError.required(`${path}.username`, 'claim or expression is required'));
  if (given?.expression && username) {
    compiler.usesEmail = hasSelect(given.expression, 'claims', 'email');
    if (hasSelect(given.expression, 'claims', 'email_verified')) compiler.usesEmailVerified = true;
  }
  const rest = {
    groups: groups ? sourceOf(compiler, groups, `${path}.groups`) : undefined,
    uid: uid ? sourceOf(compiler, uid.claim ? { ...uid, prefix: '' } : uid, `${path}.uid`) : undefined,
    extra: extraOf(compiler, mappings.extra ?? [], `${path}.extra`),
  };
  if (compiler.usesEmail && !compiler.usesEmailVerified) {
    compiler.errors.push(fieldError.invalid(`${path}.username.expression`, given?.expression, UNVERIFIED));
  }
  return { username: username ?? { claim: '', prefix: '' }, ...rest };
}

const UNVERIFIED =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or ' +
  'claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

function sourceOf(compiler: Compiler, { claim, expression: text, prefix }: PrefixedClaim, path: string): ClaimSource | undefined {
  if (claim && text) {
    compiler.errors.push(fieldError.invalid(path, '', "claim and expression can't both be set"));
    return undefined;
  }
  if (text) {
    const hasPrefix = prefix !== undefined && prefix !== null;
    if (hasPrefix) compiler.errors.push(fieldError.invalid(`${path}.prefix`, prefix, 'may not be specified when expression is set'));
    const expression = compiler.claims(text, `${path}.expression`);
    return expression && { expression };
  }
  if (!claim) return undefined;
  if (prefix === undefined || prefix === null) {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    compiler.errors.push(fieldError.required(`${path}.prefix`, why));
  }
  return { claim, prefix: prefix ?? '' };
}

function extraOf(compiler: Compiler, every: NonNullable<Mappings['extra']>, path: string): CompiledJwt['extra'] {
  const seen = new Set<string>();
  return every.flatMap(({ key, valueExpression: text }, i) => {
    const at = `${path}[${i}]`;
    const name = key ?? '';
    compiler.errors.push(...keyErrors(name, `${at}.key`));
    if (seen.has(name)) {
      compiler.errors.push(fieldError.duplicate(`${at}.key`, name));
      return [];
    }
    seen.add(name);
    if (!text) {
      compiler.errors.push(fieldError.required(`${at}.valueExpression`));
      return [];
    }
    const expression = compiler.claims(text, `${at}.valueExpression`);
    if (expression && hasSelect(text, 'claims', 'email_verified')) compiler.usesEmailVerified = true;
    return expression ? [{ key: name, expression }] : [];
  });
}

/** Keys begin with a domain that is not Kubernetes' own. */
function keyErrors(key: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  checkDomainPrefixedPath(errors, path, key);
  if (key !== key.toLowerCase()) errors.push(fieldError.invalid(path, key, 'must be lowercase'));
  if (/^(?:[^/]*\.)?(?:kubernetes|k8s)\.io\//.test(key)) {
    errors.push(fieldError.invalid(path, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
  }
  return errors;
}
