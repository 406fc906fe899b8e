import type { CommandContext, CommandFunction } from './shell-context.ts';

/** `hostname`: of itself, or (-f, -d) as the first name that /etc/hosts has beside it. */
export const hostname: CommandFunction = async (context) => {
  await context.stdout.write(`${await answer(context)}\n`);
  return 0;
};

async function answer({ args, host }: CommandContext): Promise<string> {
  const { ip, secondIp, hostname: name } = host.process;
  const [flag = ''] = args;
  if (flag === '-i' || flag === '-I') return secondIp === undefined ? ip : `${ip} ${secondIp}`;
  if (flag === '-s' || flag === '--short') return name.split('.', 1)[0] ?? '';
  const isDomain = flag === '-d' || flag === '--domain';
  if (!isDomain && flag !== '-f' && flag !== '--fqdn' && flag !== '--long') return name;
  const full = canonicalName((await (await host.files()).readFile('/etc/hosts')).toString('latin1'), name);
  if (!isDomain) return full;
  const dot = full.indexOf('.');
  return dot < 0 ? '' : full.slice(dot + 1);
}

function canonicalName(hosts: string, name: string): string {
  for (const line of hosts.split('\n')) {
    const [, canonical, ...aliases] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (canonical !== undefined && [canonical, ...aliases].includes(name)) return canonical;
  }
  return name;
}
