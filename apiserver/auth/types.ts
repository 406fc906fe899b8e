import type { RequestOrigin } from '../http/messages.ts';

/** Who makes a request. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Says who made a request. The first authenticator that knows the credential decides. */
export interface Authenticator {
  /**
   * @param warn takes what the client should be told of its credential.
   * @returns the user; undefined when the request carries no credential of this kind.
   * @throws ApiError (401) when it carries one that is not good.
   */
  authenticate(request: RequestOrigin, warn?: (text: string) => void): Promise<UserInfo | undefined> | UserInfo | undefined;
}

/** What is asked: as upstream's `authorizer.Attributes`. */
export interface AccessAttributes {
  readonly user: UserInfo;
  /** Lower-case API verb (`get`, `list`, `watch`, `create`, …) or, for non-resource paths, the HTTP method in lower case. */
  readonly verb: string;
  readonly resourceRequest: boolean;
  /** Path, for non-resource requests. */
  readonly path: string;
  readonly namespace: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Field selector of a request for many, as it was sent. */
  readonly fieldSelector?: string | undefined;
  /** Label selector, likewise. */
  readonly labelSelector?: string | undefined;
}

export interface Decision {
  readonly allowed: boolean;
  /** True when an authorizer says no for good, rather than having no opinion. */
  readonly denied?: boolean | undefined;
  readonly reason: string;
  readonly evaluationError?: string | undefined;
}

/** A rule, as SelfSubjectRulesReview lists it. */
export interface ResolvedRules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[] | undefined;
  }[];
  readonly nonResourceRules: readonly { readonly verbs: readonly string[]; readonly nonResourceURLs: readonly string[] }[];
  /** True when some authorizer cannot tell all that it would allow. */
  readonly incomplete?: boolean | undefined;
  /** Why there may be more than this: roles that could not be read. */
  readonly evaluationError?: string | undefined;
}

/** Says whether a request may be made. */
export interface Authorizer {
  /** A promise only where somebody else has to be asked: a webhook. */
  authorize(attributes: AccessAttributes): Decision | Promise<Decision>;
  /** Whether it asks somebody else. */
  readonly isRemote?: boolean | undefined;
  /** What sort it is, and its name: metrics tell of it by them. */
  readonly identity?: { readonly type: string; readonly name: string } | undefined;
  /** Everything the user may do in a namespace. */
  rulesFor(user: UserInfo, namespace: string): ResolvedRules;
}

/** One that knows by itself. */
export interface LocalAuthorizer extends Authorizer {
  authorize(attributes: AccessAttributes): Decision;
}

/** Goes on with what is known, at once, or with what will be. */
export const whenKnown = <T, R>(value: T | Promise<T>, then: (value: T) => R | Promise<R>): R | Promise<R> =>
  value instanceof Promise ? value.then(then) : then(value);
