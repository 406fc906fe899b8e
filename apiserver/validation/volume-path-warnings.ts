// Files of one volume that hide each other. Upstream: `warningsForOverlappingVirtualPaths` of `pkg/api/pod/warnings.go`.
import { goQuote, type Volume, type VolumeProjection } from '../../api/index.ts';
import { listOf } from './field-errors.ts';

/** A file of a volume, without the slashes it ends in, and what it is of where that is not the volume itself. */
interface VirtualFile {
  readonly path: string;
  readonly source: string;
}

type Items = readonly { readonly path: string }[] | undefined;

export function warnOfOverlappingFiles(volume: Volume, warn: (text: string) => void): void {
  const { name, configMap, secret, downwardAPI, projected } = volume;
  const warnOf = (kind: string, files: readonly VirtualFile[], seen: VirtualFile[] = []): void => {
    for (const file of files) {
      for (const other of seen) {
        if (overlap(file, other)) warn(`volume ${goQuote(name)} (${kind}): overlapping paths: ${textOf(file)} with ${textOf(other)}`);
      }
      seen.push(file);
    }
  };
  if (configMap) warnOf(`ConfigMap ${goQuote(configMap.name ?? '')}`, filesOf(configMap.items, ''));
  if (secret) warnOf(`Secret ${goQuote(secret.secretName ?? '')}`, filesOf(secret.items, ''));
  if (downwardAPI) warnOf('DownwardAPI', filesOf(downwardAPI.items, ''));
  const seen: VirtualFile[] = [];
  for (const source of listOf(projected?.sources)) {
    if (Object.keys(source).length === 0) warn(`volume ${goQuote(name)} (Projected) has no sources provided`);
    warnOf('Projected', projectedFiles(source), seen);
  }
}

const filesOf = (items: Items, source: string): VirtualFile[] =>
  listOf(items).map(({ path }) => ({ path: path.replace(/\/+$/, ''), source }));

/** One source has one kind of files; of several, which validation refuses, the first counts. */
function projectedFiles({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): VirtualFile[] {
  if (configMap?.items) return filesOf(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`);
  if (secret?.items) return filesOf(secret.items, `Secret ${goQuote(secret.name ?? '')}`);
  if (downwardAPI?.items) return filesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? filesOf([serviceAccountToken], 'ServiceAccountToken') : [];
}

/** They are one, or one is a directory of the other. */
const overlap = (a: VirtualFile, b: VirtualFile): boolean =>
  a.path !== '' && b.path !== '' && (isIn(a.path, b.path) || isIn(b.path, a.path));

const isIn = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`);

const textOf = ({ path, source }: VirtualFile): string => (source === '' ? goQuote(path) : `${goQuote(path)} (${source})`);
