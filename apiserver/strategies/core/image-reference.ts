const REFERENCE_LENGTH_MAX = 512;

const HOST = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const DOMAIN = `(?:${HOST}(?:\\.${HOST})*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

/** `domain/path:tag@digest`; tag and digest are captured. */
const REFERENCE = new RegExp(`^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::(${TAG}))?(?:@(${DIGEST}))?$`);

/**
 * The image is the latest of its name: it says so, or it says neither tag nor digest. An image that cannot be read is not, and is
 * refused, if at all, by the node.
 */
export function latestTag(image: string): boolean {
  if (image.length > REFERENCE_LENGTH_MAX) return false;
  const match = REFERENCE.exec(image);
  if (!match) return false;
  const [, tag, digest] = match;
  return tag === undefined ? digest === undefined : tag === 'latest';
}
