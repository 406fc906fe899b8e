import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

/** The URL among some arguments. */
function urlOf(args: readonly string[]): URL | undefined {
  const text = args.find((arg, i) => !arg.startsWith('-') && !TAKES_VALUE.has(args[i - 1] ?? ''));
  if (text === undefined) return undefined;
  try {
    return new URL(/^https?:\/\//.test(text) ? text : `http://${text}`);
  } catch {
    return undefined;
  }
}

/** Options that are followed by a value. */
const TAKES_VALUE: ReadonlySet<string> = new Set([
  '-O',
  '-T',
  '-o',
  '-X',
  '-H',
  '-d',
  '-m',
  '-w',
  '-t',
  '--timeout',
  '--max-time',
  '--connect-timeout',
  '--retry',
  '--header',
]);

const wget: CommandFunction = async (context) => {
  const url = urlOf(context.args);
  if (!url) return await complain(context, 'wget: bad URL');
  const answer = await context.host.process.fetch(url).catch(() => undefined);
  if (!answer) return await complain(context, `wget: can't connect to remote host (${url.hostname}): Connection refused`);
  if (answer.status >= 400) return await complain(context, `wget: server returned error: HTTP/1.1 ${answer.status} Not Found`);
  const flags = context.args.join(' ');
  if (/-\w*O ?-(?: |$)/.test(flags)) await context.stdout.write(toBytes(answer.body));
  else if (!flags.includes('--spider')) await save(context, context.args[context.args.indexOf('-O') + 1] ?? 'index.html', answer.body);
  return 0;
};

async function save({ host, state }: CommandContext, name: string, body: string): Promise<void> {
  const files = await host.files();
  await files.writeFile(`${state.cwd === '/' ? '' : state.cwd}/${name.replace(/^.*\//, '')}`, Buffer.from(body));
}

const curl: CommandFunction = async (context) => {
  const url = urlOf(context.args);
  if (!url) return await complain(context, 'curl: (3) URL rejected', 3);
  const flags = context.args.filter((arg) => /^-[a-zA-Z]+$/.test(arg)).join('');
  const answer = await context.host.process.fetch(url).catch(() => undefined);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (!answer)
    return flags.includes('s') && !flags.includes('S')
      ? 7
      : await complain(context, `curl: (7) Failed to connect to ${url.hostname} port ${port}: Connection refused`, 7);
  if (flags.includes('f') && answer.status >= 400)
    return await complain(context, `curl: (22) The requested URL returned error: ${answer.status}`, 22);
  if (!context.args.includes('/dev/null')) await context.stdout.write(toBytes(answer.body));
  if (context.args.some((arg) => arg.includes('%{http_code}'))) await context.stdout.write(String(answer.status));
  return 0;
};

/** `nc -z HOST PORT` asks whether somebody listens; `nc -l` listens for ever. */
const nc: CommandFunction = async ({ args, host }) => {
  if (args.some((arg) => /^-\w*l/.test(arg))) {
    await host.sleep(Number.POSITIVE_INFINITY);
    return 0;
  }
  const [target = '', port = ''] = args.filter((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-w');
  const answer = await host.process.fetch(new URL(`http://${target}:${Number(port)}/`)).catch(() => undefined);
  return answer ? 0 : 1;
};

const nslookup: CommandFunction = async (context) => {
  const [name = ''] = context.args.filter((arg) => !arg.startsWith('-'));
  return await complain(context, `Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find ${name}: NXDOMAIN`);
};

const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const NETWORK_TOOLS: readonly [string, CommandFunction][] = [
  ['wget', wget],
  ['curl', curl],
  ['nc', nc],
  ['nslookup', nslookup],
];
