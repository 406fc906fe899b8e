/** CRC-32C (Castagnoli), which LevelDB puts behind its blocks and records: eight bytes at a time, by tables. */
const POLYNOMIAL = 0x82f63b78;
const MASK_DELTA = 0xa282ead8;

/** What `table[index]` is; the index is in bounds. */
const at = (table: Int32Array | Uint8Array, index: number): number => table[index] as number;

const FIRST_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** What a byte that is one place further from the end adds. */
const further = (table: Int32Array): Int32Array => table.map((crc) => (crc >>> 8) ^ at(FIRST_TABLE, crc & 0xff));

const t0 = FIRST_TABLE;
const t1 = further(t0);
const t2 = further(t1);
const t3 = further(t2);
const t4 = further(t3);
const t5 = further(t4);
const t6 = further(t5);
const t7 = further(t6);

/** The checksum of `bytes[from, to)`. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1;
  let i = from;
  for (const end = to - 7; i < end; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      at(t7, crc & 0xff) ^
      at(t6, (crc >>> 8) & 0xff) ^
      at(t5, (crc >>> 16) & 0xff) ^
      at(t4, crc >>> 24) ^
      at(t3, at(bytes, i + 4)) ^
      at(t2, at(bytes, i + 5)) ^
      at(t1, at(bytes, i + 6)) ^
      at(t0, at(bytes, i + 7));
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ at(t0, (crc ^ at(bytes, i)) & 0xff);
  return (crc ^ -1) >>> 0;
}

/** As LevelDB writes it (util/crc32c.h): so that a checksum over bytes that hold checksums stays a good one. */
export function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  const crc = crc32c(bytes, from, to);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
