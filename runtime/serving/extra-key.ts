/** The key of something extra that the end of a header's name spells, percent-encoded; kept as it is where that is no encoding, as upstream does. */
export function extraKeyOf(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
