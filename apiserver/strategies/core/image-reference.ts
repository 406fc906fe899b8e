const REFERENCE_LENGTH_MAX = 512;

const HOST = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const DOMAIN = `(?:${HOST}(?:\\.${HOST})*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

/** `domain/path:tag@digest`; the name, the tag and the digest are captured. */
const REFERENCE = new RegExp(`^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);

/** A bare identifier of an image is no name of one. */
const IDENTIFIER = /^[a-f0-9]{64}$/;

/** Characters of a name without its domain. */
const PATH_LENGTH_MAX = 255;

/**
 * The image is the latest of its name: it says so, or it says neither tag nor digest. An image that cannot be read is not, and is
 * refused, if at all, by the node.
 */
export function latestTag(image: string): boolean {
  if (image.length > REFERENCE_LENGTH_MAX || IDENTIFIER.test(image)) return false;
  const match = REFERENCE.exec(image);
  if (!match) return false;
  const [, name = '', tag, digest] = match;
  if (pathLength(name) > PATH_LENGTH_MAX) return false;
  return tag === undefined ? digest === undefined : tag === 'latest';
}

/** Names without a domain are of Docker's registry, and those of one component of its library (distribution/reference, `normalize.go`). */
function pathLength(name: string): number {
  const slash = name.indexOf('/');
  if (slash < 0) return 'library/'.length + name.length;
  const first = name.slice(0, slash);
  return /[.:A-Z]/.test(first) || first === 'localhost' ? name.length - slash - 1 : name.length;
}
