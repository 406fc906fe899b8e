import type { UserInfo } from './types.ts';

/** A token that was recognised. */
export interface TokenIdentity {
  readonly user: UserInfo;
  /** Which of the audiences asked for the token is good for. */
  readonly audiences: readonly string[];
  /** What those who use it are warned of. */
  readonly warning?: string | undefined;
}

/** Knows one sort of token. */
export interface TokenAuthenticator {
  /**
   * @param audiences what the token should be good for.
   * @returns undefined when the token is not of this sort.
   *   A promise only where somebody else has to be asked.
   * @throws TokenError (or rejects with one) when it is, but is not good.
   */
  authenticateToken(token: string, audiences: readonly string[]): TokenIdentity | undefined | Promise<TokenIdentity | undefined>;
}

/** Why a token is not good; the text is shown to those who may review tokens. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
