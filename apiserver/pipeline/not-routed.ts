import { ApiError } from '../../api/index.ts';

/** What upstream's router refuses, before anybody serves it: metrics do not tell of it. */
export class NotRoutedError extends ApiError {}
