// What expressions of policies and of webhooks' conditions ask the authorizer.

import type { Authorize, AuthorizerQuestion } from '../../api/cel.ts';
import { serviceAccountGroups, serviceAccountName } from '../auth/service-account-user.ts';
import type { AccessAttributes, Authorizer, Decision, UserInfo } from '../auth/types.ts';

/**
 * Answers expressions that ask what the user, or a service account, may do. Each question is asked of the authorizer once. Expressions do not wait:
 * where a webhook has to be asked they are told no, until its answer is there and {@link evaluate} runs them anew.
 */
export class Questions {
  readonly #authorizer: Pick<Authorizer, 'authorize'>;
  readonly #user: UserInfo;
  readonly #answers = new Map<string, ReturnType<Authorize>>();
  readonly #waiting = new Set<Promise<void>>();

  constructor(authorizer: Pick<Authorizer, 'authorize'>, user: UserInfo) {
    this.#authorizer = authorizer;
    this.#user = user;
  }

  readonly authorize: Authorize = (question) => {
    const key = JSON.stringify(question);
    const known = this.#answers.get(key);
    if (known) return known;
    const decision = this.#authorizer.authorize(attributesOf(question, this.#user));
    if (!(decision instanceof Promise)) return this.#note(key, decision);
    const waiting = decision.then((answer) => {
      this.#note(key, answer);
      this.#waiting.delete(waiting);
    });
    this.#waiting.add(waiting);
    return this.#note(key, { allowed: false, reason: '' });
  };

  /** Runs expressions until everything they ask has been answered: once, unless somebody else has to be asked. */
  async evaluate<T>(run: () => T): Promise<T> {
    for (;;) {
      try {
        const result = run();
        if (this.#waiting.size === 0) return result;
      } catch (error) {
        if (this.#waiting.size === 0) throw error;
      }
      await Promise.all(this.#waiting);
    }
  }

  #note(key: string, { allowed, reason, evaluationError: error }: Decision): ReturnType<Authorize> {
    const answer = { allowed, reason, error };
    this.#answers.set(key, answer);
    return answer;
  }
}

function attributesOf({ serviceAccount, ...question }: AuthorizerQuestion, user: UserInfo): AccessAttributes {
  const { verb, path, group = '', resource = '', subresource = '', namespace = '', name = '', fieldSelector, labelSelector } = question;
  return {
    user: serviceAccount ? userOf(serviceAccount) : user,
    verb,
    resourceRequest: path === undefined,
    path: path ?? '',
    namespace,
    group,
    version: path === undefined ? '*' : '',
    resource,
    subresource,
    name,
    fieldSelector,
    labelSelector,
  };
}

const userOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo => ({
  name: serviceAccountName(namespace, name),
  groups: serviceAccountGroups(namespace),
});
