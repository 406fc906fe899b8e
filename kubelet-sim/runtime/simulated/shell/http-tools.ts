import type { HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';
import { nameOf, normalizePath } from '../files/tree.ts';
import { reasonOf } from '../network/http-text.ts';
import { BadAnswer, ConnectError, isNameFailure } from '../network/listener.ts';
import { type CommandOptions, readOptions } from './command-options.ts';
import { type Answer, askFollowing, type Call, connectMs, portOf, TimedOut } from './http-client.ts';
import { stdinOf } from './io.ts';
import { patiently } from './resolving.ts';
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

const CURL_VALUES: ReadonlySet<string> = new Set(
  (
    'o X H d m w u A e x T F b c E K r y z Y C P Q output request header data data-raw data-binary data-urlencode json max-time write-out user user-agent ' +
    'connect-timeout retry retry-delay retry-max-time cacert cert key resolve referer proxy range url interface'
  ).split(' '),
);

const either = ({ values }: CommandOptions, ...names: string[]): string | undefined => {
  const name = names.find((one) => values.has(one));
  return name === undefined ? undefined : values.get(name);
};

/** `curl`, with the options that people use. */
const curl: CommandFunction = async (context) => {
  const options = readOptions(context.args, CURL_VALUES);
  const texts = [...options.all('url'), ...options.operands];
  if (texts.length === 0) return await complain(context, 'curl: (2) no URL specified', 2);
  let status = 0;
  for (const text of texts) {
    const url = urlOf(text);
    status = url
      ? await curlOne(context, url, options)
      : await complain(context, `curl: (3) URL rejected: Malformed input to a URL function`, 3);
  }
  return status;
};

async function curlOne(context: CommandContext, url: URL, options: CommandOptions): Promise<number> {
  const call = await curlCall(context, options);
  const tries = Number(either(options, 'retry') ?? 0) + 1;
  for (let i = 1; ; i++) {
    try {
      if (url.protocol === 'https:' && !isGiven(options, 'k', 'insecure', 'cacert')) return await curlMistrusts(context, url, options);
      return await show(context, await askFollowing(context.host, url, call, isGiven(options, 'L', 'location')), options);
    } catch (error) {
      const [code, why] = curlComplaint(error, url, call);
      if (i >= tries || code === 6) {
        await writeOut(context, options, { status: 0, url });
        return await curlFails(context, options, [code, why]);
      }
      await context.host.sleep(Number(either(options, 'retry-delay') ?? i) * 1000);
    }
  }
}

/** A certificate of the cluster's own authority: without `-k` or `--cacert` there is nobody to vouch for it. */
async function curlMistrusts(context: CommandContext, url: URL, options: CommandOptions): Promise<number> {
  await patiently(context.host, context.host.process.network.dial(url.hostname, portOf(url)));
  return await curlFails(context, options, [60, 'SSL certificate problem: unable to get local issuer certificate']);
}

const isGiven = ({ values }: CommandOptions, ...names: string[]): boolean => names.some((name) => values.has(name));

/** `-s` says nothing, but with `-S`. */
async function curlFails(context: CommandContext, options: CommandOptions, [code, why]: readonly [number, string]): Promise<number> {
  if (isGiven(options, 's', 'silent') && !isGiven(options, 'S', 'show-error')) return code;
  return await complain(context, `curl: (${code}) ${why}`, code);
}

async function curlCall(context: CommandContext, options: CommandOptions): Promise<Call> {
  const isJson = options.values.has('json');
  const body = await curlBody(context, options);
  const user = either(options, 'u', 'user');
  const usual = isGiven(options, 'I', 'head') ? 'HEAD' : body === undefined ? 'GET' : 'POST';
  const timeoutMs = Number(either(options, 'm', 'max-time') ?? 0) * 1000;
  const connectMs = Number(either(options, 'connect-timeout') ?? 0) * 1000;
  const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
  return {
    method: either(options, 'X', 'request') ?? usual,
    headers: {
      'user-agent': either(options, 'A', 'user-agent') ?? 'curl/8.16.0',
      accept: isJson ? 'application/json' : '*/*',
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(user === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      ...headersOf([...options.all('H'), ...options.all('header')]),
    },
    body,
    timeoutMs,
    connectMs,
    resolveMs: connectMs || timeoutMs,
  };
}

/** The data of a request: as given, of standard input (`@-`) or of a file (`@FILE`). */
async function curlBody({ fds, host, state }: CommandContext, options: CommandOptions): Promise<string | undefined> {
  const data = ['d', 'data', 'data-raw', 'data-binary', 'data-urlencode', 'json'].flatMap((name) => options.all(name));
  if (data.length === 0) return undefined;
  const body = data.join('&');
  if (body === '@-') return await stdinOf(fds).readAll();
  if (!body.startsWith('@')) return body;
  return (await (await host.files()).readFile(normalizePath(body.slice(1), state.cwd))).toString('latin1');
}

async function show(context: CommandContext, { url, dialled, response }: Answer, options: CommandOptions): Promise<number> {
  const { status } = response;
  const head = headText(response);
  if (isGiven(options, 'v', 'verbose')) {
    await context.stderr.write(`* Connected to ${url.hostname} (${dialled.address}) port ${dialled.port}\n`);
    await context.stderr.write(head.replace(/^/gm, '< '));
  }
  const isRefused = isGiven(options, 'f', 'fail') && status >= 400;
  if (!isRefused)
    await keep(context, url, `${shownHead(options) ? head : ''}${isGiven(options, 'I', 'head') ? '' : response.body}`, options);
  await writeOut(context, options, { status, url });
  return isRefused ? await curlFails(context, options, [22, `The requested URL returned error: ${status}`]) : 0;
}

const shownHead = (options: CommandOptions): boolean => isGiven(options, 'I', 'head', 'i', 'include');

const headText = ({ status, headers, body, head }: HttpResponse): string =>
  head !== undefined
    ? `${head.replaceAll('\r', '')}\n`
    : `HTTP/1.1 ${status} ${reasonOf(status)}\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join('')}content-length: ${body.length}\n\n`;

async function keep(context: CommandContext, url: URL, text: string, options: CommandOptions): Promise<void> {
  const target = isGiven(options, 'O', 'remote-name') ? nameOf(url.pathname) : either(options, 'o', 'output');
  if (target === undefined || target === '-') await context.stdout.write(text);
  else await save(context, target, text);
}

/** `-w FORMAT` */
async function writeOut(context: CommandContext, options: CommandOptions, { status, url }: { status: number; url: URL }): Promise<void> {
  const format = either(options, 'w', 'write-out');
  if (format === undefined) return;
  const words: Readonly<Record<string, string>> = {
    http_code: String(status).padStart(3, '0'),
    response_code: String(status).padStart(3, '0'),
    url: url.href,
    url_effective: url.href,
    time_total: '0.001000',
  };
  const text = format
    .replace(/%\{(\w+)\}/g, (_, name: string) => words[name] ?? '')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t');
  await context.stdout.write(text);
}

function curlComplaint(error: unknown, url: URL, call: Call): [number, string] {
  const port = portOf(url);
  if (error instanceof TimedOut)
    return [28, `${error.isResolving ? 'Resolving' : 'Connection'} timed out after ${connectMs(call)} milliseconds`];
  if (error instanceof BadAnswer)
    return error.message === 'EOF' ? [52, 'Empty reply from server'] : [1, 'Received HTTP/0.9 when not allowed'];
  if (!(error instanceof ConnectError)) throw error;
  if (isNameFailure(error.failure)) return [6, `Could not resolve host: ${url.hostname}`];
  return [7, `Failed to connect to ${url.hostname} port ${port} after 0 ms: Could not connect to server`];
}

export const HTTP_TOOLS: readonly [string, CommandFunction][] = [
  ['wget', wget],
  ['curl', curl],
];
