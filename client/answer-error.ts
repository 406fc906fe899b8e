import { ApiError, apiError, refusalMessage, type Status } from '../api/index.ts';
import type { RawResponse } from './types.ts';

/** Reasons of answers that carry no Status, by code. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What was asked for. */
export interface Asked {
  readonly method: string;
  readonly path: string;
}

/** The error of an answer that is not 2xx: its Status, or one made up when something other than an API server answered. */
export function answerError({ status: code, headers, body }: RawResponse, asked: Asked): ApiError {
  const text = body.toString();
  const status = parseStatus(text);
  if (status) return new ApiError({ code, ...status }, { headers });
  const reason = code === 409 && asked.method === 'POST' ? 'AlreadyExists' : (REASONS[code] ?? (code > 500 ? REASONS[500] : undefined));
  const message = refusalMessage({ status: code, contentType: headers['content-type'] ?? '', text });
  return apiError.custom({
    code,
    ...(reason === undefined ? {} : { reason }),
    message: `${message}${subjectOf(asked)}`,
    headers,
  });
}

const RESOURCE_PATH = /^\/api(?:s\/([^/?]+))?\/[^/?]+(?:\/namespaces\/[^/?]+(?=\/[^/?]+))?\/([^/?]+)(?:\/([^/?]+))?/;

/** Which resource was asked for, as client-go adds it to its messages: ` (get pods.metrics.k8s.io web)`. */
function subjectOf({ method, path }: Asked): string {
  const [, group, resource, name] = RESOURCE_PATH.exec(path) ?? [];
  if (resource === undefined) return '';
  const words = [method.toLowerCase(), group === undefined ? resource : `${resource}.${group}`, ...(name === undefined ? [] : [name])];
  return ` (${words.map((word) => decodeURIComponent(word)).join(' ')})`;
}

/** The error of a watch's ERROR event. */
export function statusError(object: unknown): ApiError {
  return isStatus(object) ? new ApiError(object) : apiError.internal('the watch ended with an error event that is no Status');
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isStatus(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isStatus = (value: unknown): value is Status =>
  typeof value === 'object' && value !== null && 'status' in value && value.status === 'Failure';
