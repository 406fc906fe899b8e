/** Bytes of a field manager's name. */
export const FIELD_MANAGER_BYTES_MAX = 128;

/** What Go does not call printable. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** The manager of a request: as it says, or what its User-Agent begins with. */
export function managerOf(fieldManager: string, userAgent: string | undefined): string {
  if (fieldManager !== '') return fieldManager;
  const product = decoded((userAgent ?? '').split('/', 1)[0] ?? '');
  if (product.length <= FIELD_MANAGER_BYTES_MAX / 4 && !UNPRINTABLE.test(product)) return product;
  let name = '';
  for (const char of product) {
    if (UNPRINTABLE.test(char)) continue;
    if (Buffer.byteLength(name + char) > FIELD_MANAGER_BYTES_MAX) break;
    name += char;
  }
  return name;
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** Headers come as bytes, one to a character; Go takes them for UTF-8. */
const decoded = (header: string): string => (isAscii(header) ? header : Buffer.from(header, 'latin1').toString());
