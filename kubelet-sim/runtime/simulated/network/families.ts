export type IpFamily = 'IPv4' | 'IPv6';

/** The family of an address or range, which is known to be one. */
export const familyOf = (address: string): IpFamily => (address.includes(':') ? 'IPv6' : 'IPv4');

/** Of the addresses that somebody has, the one of the family of another address; the first when there is none such. */
export const addressLike = (other: string, first: string, second: string | undefined): string =>
  second !== undefined && familyOf(second) === familyOf(other) ? second : first;
