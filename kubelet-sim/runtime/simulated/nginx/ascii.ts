const SPACE = 0x20;
const DELETE = 0x7f;

/** Replaces the characters that are no printed ones of ASCII, and others that are named. */
export function replaceUnprinted(text: string, others: string, replace: (char: string, code: number) => string, last = DELETE): string {
  let made = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    const code = text.charCodeAt(i);
    made += code < SPACE || code >= last || others.includes(char) ? replace(char, code) : char;
  }
  return made;
}

/** Two hexadecimal digits. */
export const hex = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0');
