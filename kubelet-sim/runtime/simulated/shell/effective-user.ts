import type { CommandFunction } from './shell-context.ts';

/** A program of root's that anybody runs as root (setuid), unless its container may not become more than it is. */
export const sayEffectiveUser: CommandFunction = async ({ host, stdout }) => {
  const status = (await (await host.files()).readFile('/proc/self/status')).toString('latin1');
  await stdout.write(`Effective uid: ${/^NoNewPrivs:\t1$/m.test(status) ? host.process.user.uid : 0}\n`);
  return 0;
};
