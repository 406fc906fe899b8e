import { hostPort } from '../../host-port.ts';
import { nameOf, normalizePath } from '../files/tree.ts';
import { reasonOf } from '../network/http-text.ts';
import { BadAnswer, ConnectError, isNameFailure } from '../network/listener.ts';
import { readOptions } from './command-options.ts';
import { curl } from './curl/curl.ts';
import { type Answer, askFollowing, TimedOut } from './http-client.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

function urlOf(text: string): URL | undefined {
  try {
    return new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    return undefined;
  }
}

async function save({ host, state }: CommandContext, name: string, body: string): Promise<void> {
  await (await host.files()).writeFile(normalizePath(name, state.cwd), Buffer.from(body, 'latin1'));
}

const WGET_VALUES: ReadonlySet<string> = new Set(['O', 'T', 'timeout', 'U', 't', 'P', 'header', 'post-data', 'output-document', 'tries']);

/** `wget`, as busybox has it. */
const wget: CommandFunction = async (context) => {
  const { values, all, operands } = readOptions(context.args, WGET_VALUES);
  const url = urlOf(operands[0] ?? '');
  if (!operands[0] || !url) return await complain(context, `wget: not an http or ftp url: ${operands[0] ?? ''}`);
  const quiet = values.has('q') || values.has('quiet');
  const say = async (text: string) => (quiet ? undefined : await context.stderr.write(text));
  const body = values.get('post-data');
  try {
    const answer = await askFollowing(
      context.host,
      url,
      {
        method: values.has('spider') ? 'HEAD' : body === undefined ? 'GET' : 'POST',
        headers: { 'user-agent': 'Wget', connection: 'close', ...headersOf(all('header')) },
        body,
        timeoutMs: Number(values.get('T') ?? values.get('timeout') ?? 0) * 1000,
      },
      true,
    );
    await say(`Connecting to ${url.host} (${hostPort(answer.dialled.address, answer.dialled.port)})\n`);
    return await store(context, answer, { name: values.get('O') ?? values.get('output-document'), isSpider: values.has('spider'), say });
  } catch (error) {
    return await complain(context, `wget: ${wgetComplaint(error, url, operands[0])}`);
  }
};

async function store(
  context: CommandContext,
  { url, response }: Answer,
  how: { readonly name: string | undefined; readonly isSpider: boolean; readonly say: (text: string) => Promise<void> },
): Promise<number> {
  if (response.status >= 400)
    return await complain(context, `wget: server returned error: HTTP/1.1 ${response.status} ${reasonOf(response.status)}`);
  if (how.isSpider) {
    await how.say('remote file exists\n');
    return 0;
  }
  const name = how.name ?? (nameOf(url.pathname) || 'index.html');
  if (name === '-') {
    await context.stdout.write(response.body);
    await how.say(`-                    100% |${'*'.repeat(32)}| ${String(response.body.length).padStart(5)}  0:00:00 ETA\n`);
    return 0;
  }
  await how.say(`saving to '${name}'\n`);
  await save(context, name, response.body);
  await how.say(`'${name}' saved\n`);
  return 0;
}

/** @param text the URL as it was given: what it says of a name it says with the port that was given, be it the usual one */
function wgetComplaint(error: unknown, url: URL, text: string): string {
  if (error instanceof TimedOut) return 'download timed out';
  if (error instanceof BadAnswer) return 'error getting response';
  if (!(error instanceof ConnectError)) throw error;
  if (isNameFailure(error.failure)) return `bad address '${/^(?:\w+:\/\/)?([^/?#]*)/.exec(text)?.[1] ?? url.host}'`;
  const why = error.failure === 'unreachable' ? 'No route to host' : 'Connection refused';
  return `can't connect to remote host (${error.address || url.hostname}): ${why}`;
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const] : [];
    }),
  );
}

export const HTTP_TOOLS: readonly [string, CommandFunction][] = [
  ['wget', wget],
  ['curl', curl],
];
