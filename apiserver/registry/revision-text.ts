import { plainError } from './store-errors.ts';

/** A resourceVersion as a number; 0 for none. @throws ApiError (500) as upstream's for what is no number. */
export function parseVersion(text: string | undefined): number {
  if (!text) return 0;
  if (!/^\d+$/.test(text)) throw plainError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Whether a new object says where it was read: what is no number says nothing. */
export const isRevision = (text = ''): boolean => /^\d+$/.test(text) && Number(text) > 0;
