import { posix } from 'node:path';
import { fieldError } from '../../api/index.ts';
import type { Errors } from './field-errors.ts';

/** No step up: `..` as a path element. */
export const hasBackstep = (path: string): boolean => path.includes('..') && path.split('/').includes('..');

export function checkNoBacksteps(errors: Errors, field: string, path: string): void {
  if (hasBackstep(path)) errors.push(fieldError.invalid(field, path, "must not contain '..'"));
}

/** A relative path that stays below its root. */
export function checkLocalDescendingPath(errors: Errors, field: string, path: string): void {
  if (path.startsWith('/')) errors.push(fieldError.invalid(field, path, 'must be a relative path'));
  checkNoBacksteps(errors, field, path);
}

/** As above, and nothing at the top begins with two dots: those names are the kubelet's. */
export function checkLocalNonReservedPath(errors: Errors, field: string, path: string): void {
  checkLocalDescendingPath(errors, field, path);
  if (path.startsWith('..') && !path.startsWith('../')) errors.push(fieldError.invalid(field, path, "must not start with '..'"));
}

/** Whether a path comes to `/`: Go's `path.Clean`. */
export const isRootPath = (path: string): boolean => path.startsWith('/') && posix.normalize(path) === '/';
