// What a client of the API makes of an error that came without a Status. Upstream: `NewGenericServerResponse` in apimachinery's `pkg/api/errors`,
// with client-go's `newUnstructuredResponseError`.

import { goQuote } from './field-error.ts';

/** Bytes of a foreign answer that are told. */
const TEXT_BYTES_MAX = 2048;

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** An answer that is an error and no Status. */
export interface Refusal {
  readonly status: number;
  /** Empty when the answer did not say. */
  readonly contentType: string;
  readonly text: string;
}

/** What it says, in client-go's words; what was asked for is not among them. */
export function refusalMessage({ status, contentType, text }: Refusal): string {
  const isText = contentType === '' || contentType.startsWith('text/');
  const given = isText ? text.slice(0, TEXT_BYTES_MAX).trim() : 'unknown';
  const message = MESSAGES[status];
  if (message !== undefined) return message;
  if (status === 406 && (given === '' || given === 'unknown'))
    return 'the server was unable to respond with a content type that the client supports';
  if (status === 403 || status === 406 || status === 415) return given;
  if (status >= 500) return `an error on the server (${goQuote(given)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}
