import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** Who makes a request, by a certificate or by the word of a front proxy. */
export interface RequestUser {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What of a request says who makes it, in either version of HTTP. */
export interface UserSource {
  /** By names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** The connection; undefined once it is gone. */
  readonly socket: Socket | undefined;
}

/** Key of something extra that a user has: which credential was shown. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
