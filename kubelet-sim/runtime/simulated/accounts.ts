import type { ContainerSecurity, ContainerUser } from '../cri.ts';
import type { ImageFacts } from './image-catalog.ts';
import { imageFiles } from './image-files.ts';

/** What an image's `/etc/passwd` and `/etc/group` say of a user. */
interface Account {
  readonly gid: number;
  /** Groups of which it is a member beside its own. */
  readonly groups: readonly number[];
}

/** Accounts of images by number; read once, for there are many containers of an image. */
const known = new WeakMap<ImageFacts, ReadonlyMap<number, Account>>();
/** Whom containers of an image run as when their pods do not say; one object for all. */
const usual = new WeakMap<ImageFacts, ContainerUser>();

function accountsOf(image: ImageFacts): ReadonlyMap<number, Account> {
  let accounts = known.get(image);
  if (!accounts) {
    const files = { ...imageFiles(image, ''), ...image.files };
    accounts = readAccounts(files['/etc/passwd'] ?? '', files['/etc/group'] ?? '');
    known.set(image, accounts);
  }
  return accounts;
}

function readAccounts(passwd: string, group: string): ReadonlyMap<number, Account> {
  const fields = (text: string) => text.split('\n').map((line) => line.split(':'));
  const groupsOf = (name: string) =>
    fields(group)
      .filter(([, , , members = '']) => members.split(',').includes(name))
      .map(([, , gid]) => Number(gid));
  return new Map(
    fields(passwd)
      .filter(([name]) => name)
      .map(([name = '', , uid, gid]) => [Number(uid), { gid: Number(gid), groups: groupsOf(name) }]),
  );
}

/**
 * Whom a container's first process runs as: the pod's word goes before the image's, and what the image says of that user adds to it, unless
 * the pod's list of groups is all there is (KEP-3619, `supplementalGroupsPolicy`).
 */
export function containerUser(image: ImageFacts, security: ContainerSecurity = {}): ContainerUser {
  const { runAsUser, runAsGroup, supplementalGroups, supplementalGroupsPolicy } = security;
  if ((runAsUser ?? runAsGroup ?? supplementalGroups ?? supplementalGroupsPolicy) !== undefined) return userOf(image, security);
  const before = usual.get(image);
  if (before) return before;
  const user = userOf(image, {});
  usual.set(image, user);
  return user;
}

function userOf(image: ImageFacts, security: ContainerSecurity): ContainerUser {
  const { runAsUser, runAsGroup, supplementalGroups = [], supplementalGroupsPolicy } = security;
  const uid = runAsUser ?? image.uid;
  const account = accountsOf(image).get(uid);
  const gid = runAsGroup ?? (runAsUser === undefined ? image.gid : (account?.gid ?? 0));
  const own = supplementalGroupsPolicy === 'Strict' ? [] : (account?.groups ?? []);
  return { uid, gid, supplementalGroups: [...new Set([gid, ...own, ...supplementalGroups])] };
}
