/** The last release of each branch that images are usually named by. */
export const LAST: Readonly<Record<string, string>> = {
  '1': '1.29.1',
  '1.7': '1.7.9',
  '1.13': '1.13.12',
  '1.14': '1.14.2',
  '1.15': '1.15.12',
  '1.16': '1.16.1',
  '1.17': '1.17.10',
  '1.18': '1.18.0',
  '1.19': '1.19.10',
  '1.20': '1.20.2',
  '1.21': '1.21.6',
  '1.22': '1.22.1',
  '1.23': '1.23.4',
  '1.24': '1.24.0',
  '1.25': '1.25.5',
  '1.26': '1.26.3',
  '1.27': '1.27.5',
  '1.28': '1.28.0',
};
export const MAINLINE = '1.29.1';
const STABLE = '1.28.0';

/** The version of nginx that is in an image of a tag. */
export function versionOf(tag: string): string {
  const [number = ''] = /^\d+(?:\.\d+)*/.exec(tag) ?? [];
  if (number.split('.').length >= 3) return number;
  if (number === '') return tag.startsWith('stable') ? STABLE : MAINLINE;
  return LAST[number] ?? (number.includes('.') ? `${number}.0` : MAINLINE);
}
