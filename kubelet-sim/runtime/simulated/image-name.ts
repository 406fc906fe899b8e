import { createHash } from 'node:crypto';

/** An image reference, normalised as container runtimes do: `nginx` is `docker.io/library/nginx:latest`. */
export interface ImageName {
  readonly registry: string;
  /** Path in the registry, e.g. `library/nginx`. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** The whole normalised name. */
  readonly full: string;
}

/** A name that no runtime can parse; the message is the parser's. */
export class ImageNameError extends Error {
  override readonly name = 'ImageNameError';
}

const DOMAIN = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?))*(?::\d+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const REPOSITORY_LENGTH_MAX = 255;

/**
 * Parses and normalises an image reference.
 *
 * @throws ImageNameError with the text a runtime gives.
 */
export function parseImageName(text: string): ImageName {
  if (/^[a-f0-9]{64}$/.test(text))
    throw new ImageNameError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const colon = beforeDigest.lastIndexOf(':');
  const tagged = colon > beforeDigest.lastIndexOf('/');
  const name = tagged ? beforeDigest.slice(0, colon) : beforeDigest;
  const tag = tagged ? beforeDigest.slice(colon + 1) : '';
  const { registry, repository } = splitRegistry(name);
  // As the parser has it, which looks for a tag only afterwards.
  const [path = ''] = repository.split(':');
  if (path.toLowerCase() !== path) throw new ImageNameError(`invalid reference format: repository name (${path}) must be lowercase`);
  const wellFormed =
    DOMAIN.test(registry) &&
    repository.split('/').every((part) => COMPONENT.test(part)) &&
    (!tagged || TAG.test(tag)) &&
    (at < 0 || DIGEST.test(digest));
  if (!wellFormed) throw new ImageNameError('invalid reference format');
  if (repository.length > REPOSITORY_LENGTH_MAX)
    throw new ImageNameError(`repository name must not be more than ${REPOSITORY_LENGTH_MAX} characters`);
  const effective = tag === '' && digest === '' ? 'latest' : tag;
  const full = `${registry}/${repository}${effective === '' ? '' : `:${effective}`}${digest === '' ? '' : `@${digest}`}`;
  return { registry, repository, tag: effective, digest, full };
}

function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost' || first.toLowerCase() !== first;
  const registry = isHost ? first : 'docker.io';
  const rest = isHost ? name.slice(slash + 1) : name;
  if (registry === 'index.docker.io') return { registry: 'docker.io', repository: officialPath(rest) };
  return { registry, repository: registry === 'docker.io' ? officialPath(rest) : rest };
}

const officialPath = (path: string): string => (path.includes('/') ? path : `library/${path}`);

/** Name with digest, as a status shows it (`imageID`): the digest given, or one that stands for the name. */
export function imageRefOf(name: ImageName): string {
  const digest = name.digest === '' ? `sha256:${createHash('sha256').update(name.full).digest('hex')}` : name.digest;
  return `${name.registry}/${name.repository}@${digest}`;
}
