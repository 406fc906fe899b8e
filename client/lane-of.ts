/** Which of so many lanes an object's writes go by: always the same one. Spread by FNV-1a. */
export function laneOf(text: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
