import { FileError, normalizePath } from '../files/tree.ts';
import { stdinOf } from './io.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const EXIT_DENIED = 4;
const PROFILE = /^\s*(?:profile\s+("?)([\w./-]+)\1|(\/[\w./*{},-]+))(?:\s[^\n]*)?\{/gm;

/** `apparmor_parser [-q] [-a|-r] [FILE…]`: the node's kernel learns the names of profiles; what they forbid is not looked at. */
const apparmorParser: CommandFunction = async (context) => {
  const { process } = context.host;
  if (!process.can('MAC_ADMIN') && !process.isPrivileged)
    return await complain(context, 'apparmor_parser: Access denied. You need policy admin privileges to manage profiles.\n', EXIT_DENIED);
  const paths = context.args.filter((arg) => !arg.startsWith('-'));
  for (const path of paths.length > 0 ? paths : ['-']) {
    try {
      process.loadAppArmorProfiles(profilesIn(await read(context, path)));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return await complain(context, `File ${path} not found, skipping...`);
    }
  }
  return 0;
};

/** @throws FileError */
async function read({ fds, host, state }: CommandContext, path: string): Promise<string> {
  if (path === '-') return await stdinOf(fds).readAll();
  return (await (await host.files()).readFile(normalizePath(path, state.cwd))).toString('latin1');
}

const profilesIn = (text: string): string[] => [...text.matchAll(PROFILE)].map(([, , name, path]) => name ?? path ?? '');

export const SECURITY_TOOLS: readonly [string, CommandFunction][] = [['apparmor_parser', apparmorParser]];
