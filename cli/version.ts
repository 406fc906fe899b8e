import { readFileSync } from 'node:fs';

/** `nanokube 0.1.0 (Kubernetes v1.34)`. */
export function versionText(): string {
  // The package file is one folder up from the sources and two from the compiled files.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { name: string; version: string };
      return `${name} ${version} (Kubernetes v1.34)`;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('package.json is not where it should be');
}
