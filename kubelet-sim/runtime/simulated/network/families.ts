import { familyOf } from '../../../../api/index.ts';

/** Of the addresses that somebody has, the one of the family of another address; the first when there is none such. */
export const addressLike = (other: string, first: string, second: string | undefined): string =>
  second !== undefined && familyOf(second) === familyOf(other) ? second : first;
