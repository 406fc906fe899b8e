import { readOptions } from './command-options.ts';
import type { CommandFunction } from './shell-context.ts';

/** busybox's `netstat [-a|-l] [-tun]`: who listens on the ports of the pod's network. Connections are over before anybody could see them. */
const netstat: CommandFunction = async ({ args, host, stdout }) => {
  const { values } = readOptions(args, new Set());
  const [all, onlyServers] = [values.has('a'), values.has('l')];
  const what = all ? 'servers and established' : onlyServers ? 'only servers' : 'w/o servers';
  await stdout.write(`Active Internet connections (${what})\n`);
  await stdout.write('Proto Recv-Q Send-Q Local Address           Foreign Address         State       \n');
  if (!all && !onlyServers) return 0;
  const [tcp, udp] = [values.has('t'), values.has('u')];
  for (const { protocol, port } of host.process.listening()) {
    if ((tcp || udp) && !(protocol === 'UDP' ? udp : tcp)) continue;
    const state = protocol === 'UDP' ? '' : 'LISTEN';
    await stdout.write(
      `${protocol.toLowerCase().padEnd(5)}      0      0 ${`:::${port}`.padEnd(23)} ${':::*'.padEnd(23)} ${state.padEnd(11)} \n`,
    );
  }
  return 0;
};

export const NETSTAT: [string, CommandFunction] = ['netstat', netstat];
