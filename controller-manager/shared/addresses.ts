import { formatIp, parseIp } from '../../api/index.ts';

/** An address of a pod in the one way that everybody writes it. */
export interface PodAddress {
  readonly ip: string;
  readonly family: 'IPv4' | 'IPv6';
}

/** Digits, and none of them a zero that leads others: nearly all addresses, and written as they are to be. */
const PLAIN_IPV4 = /^(?!.*(?:^|\.)0\d)[\d.]+$/;

/**
 * Kubelets may write addresses with zeros that lead, or capitals; whoever reads Endpoints and slices may not know those. IPv4 in IPv6
 * counts as IPv4.
 *
 * @returns undefined for what is no address.
 */
export function podAddress(text: string): PodAddress | undefined {
  if (PLAIN_IPV4.test(text)) return { ip: text, family: 'IPv4' };
  const parsed = parseIp(text);
  return parsed && { ip: formatIp(parsed), family: parsed.family === 6 ? 'IPv6' : 'IPv4' };
}
