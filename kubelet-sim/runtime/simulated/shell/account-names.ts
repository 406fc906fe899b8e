import type { ContainerFiles } from '../files/container-files.ts';
import type { CommandContext } from './shell-context.ts';

/** Names of users or groups, by number, as `/etc/passwd` and `/etc/group` have them. */
export async function namesIn(files: ContainerFiles, path: string): Promise<ReadonlyMap<number, string>> {
  const text = await files.readFile(path).catch(() => Buffer.alloc(0));
  return new Map(
    text
      .toString('utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([name]) => name)
      .map(([name = '', , id]) => [Number(id), name]),
  );
}

export const usersOf = async ({ host }: CommandContext): Promise<ReadonlyMap<number, string>> => namesIn(await host.files(), '/etc/passwd');
export const groupsOf = async ({ host }: CommandContext): Promise<ReadonlyMap<number, string>> => namesIn(await host.files(), '/etc/group');
