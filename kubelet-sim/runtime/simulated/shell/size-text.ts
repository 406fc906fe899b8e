const KIB = 1024;

/** A size in bytes, or as people read it. */
export function sizeText(bytes: number, isHuman: boolean): string {
  if (!isHuman || bytes < KIB) return String(bytes);
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / KIB ** power).toFixed(1)}${'KMG'.charAt(power - 1)}`;
}
