import type { Random } from '../../../../runtime/index.ts';

/** 32 hexadecimal digits, grouped as a UUID's are. */
export function newUuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random.next() * 16).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
