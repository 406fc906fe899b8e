import { apiError, type FieldError, fieldError, NO_FIELD, parseTime, TimeError, toTime, ZERO_TIME_SECONDS } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { readInteger } from './list-options.ts';

/**
 * Reads the parameters of a log request: what the kubelet is to be asked for (upstream `core/v1/validation.ValidatePodLogOptions`). Before
 * anything else is looked at, as there: parameters that make no sense are refused for a pod that is not there, too.
 *
 * @throws ApiError (400, 422)
 */
export function readLogOptions(exchange: Exchange): URLSearchParams {
  const asked = {
    sinceSeconds: readInteger(exchange.parameter('sinceSeconds')),
    sinceTime: readSinceTime(exchange.parameter('sinceTime')),
    tailLines: readInteger(exchange.parameter('tailLines')),
    limitBytes: readInteger(exchange.parameter('limitBytes')),
  };
  const errors = validate(asked);
  // Streams apart are an alpha feature of 1.34: PodLogsQuerySplitStreams.
  if (exchange.parameter('stream') !== undefined) errors.push(fieldError.forbidden('stream', 'may not be specified'));
  if (errors.length > 0) throw apiError.invalid({ group: '', resource: 'PodLogOptions' }, exchange.info.name, errors);

  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, String(value));
  for (const name of ['follow', 'previous', 'timestamps']) if (isTrue(exchange.parameter(name) ?? null)) query.set(name, 'true');
  return query;
}

interface Amounts {
  readonly sinceSeconds: number | undefined;
  readonly sinceTime: string | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
}

function validate({ sinceSeconds, sinceTime, tailLines, limitBytes }: Amounts): FieldError[] {
  const errors: FieldError[] = [];
  const atLeast = (name: string, value: number | undefined, least: number, detail: string) => {
    if (value !== undefined && value < least) errors.push(fieldError.invalid(name, value, detail));
  };
  atLeast('tailLines', tailLines, 0, 'must be greater than or equal to 0');
  atLeast('limitBytes', limitBytes, 1, 'must be greater than 0');
  if (sinceSeconds === undefined || sinceTime === undefined) atLeast('sinceSeconds', sinceSeconds, 1, 'must be greater than 0');
  else errors.push(fieldError.forbidden(NO_FIELD, 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  return errors;
}

/** In whole seconds; a parameter without a value is Go's zero time. */
function readSinceTime(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return toTime(text === '' || text === 'null' ? ZERO_TIME_SECONDS * 1000 : parseTime(text));
  } catch (error) {
    if (error instanceof TimeError) throw apiError.badRequest(error.message);
    throw error;
  }
}
