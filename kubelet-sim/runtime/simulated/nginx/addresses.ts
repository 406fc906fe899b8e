import { BlockList, isIP } from 'node:net';

/** Addresses that begin with the same bits. */
export interface AddressRange {
  readonly bits: number;
  readonly list: BlockList;
}

/** `10.0.0.0/8`, `::1`; undefined when it is neither an address nor a network. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', length] = text.split('/');
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = length === undefined ? (version === 4 ? 32 : 128) : Number(length);
  const list = new BlockList();
  list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  return { bits, list };
}

/** Whether an address is one of a range. */
export function inRange(address: string, { list }: AddressRange): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
