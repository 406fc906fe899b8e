import { normalizePath } from '../../files/tree.ts';
import { type CommandContext, type CommandFunction, complain } from '../shell-context.ts';
import { bodyOf, queryOf } from './body.ts';
import { CookieJar } from './cookies.ts';
import { BadCommandLine, type CurlOptions, MORE, readCommandLine } from './options.ts';
import { readOf, writeTo } from './output-file.ts';
import { VERSION } from './request.ts';
import type { Session } from './transfer.ts';
import { BadGlob, globbed } from './url-glob.ts';
import { failing, UrlRun, type UrlTask } from './url-run.ts';

const BAD_URL = 3;
const ABOUT = `curl ${VERSION} (x86_64-pc-linux-musl) libcurl/${VERSION}
Release-Date: 2025-09-10
Protocols: http https
Features: IPv6 SSL
`;
const USAGE = 'Usage: curl [options...] <url>\n';

/**
 * `curl` for HTTP and HTTPS/1.1: what it writes, says and answers is that of 8.16, beside which version 7.88 was run. What it cannot do (other
 * protocols, certificates of clients, Digest …) it refuses in upstream's words for a libcurl without it.
 */
export const curl: CommandFunction = async (context) => {
  try {
    const options = readCommandLine(context.args);
    if (options.is('version')) return await printed(context, ABOUT);
    if (options.is('help')) return await printed(context, USAGE);
    if (context.args.length === 0) return await complain(context, MORE, 2);
    const urls = options.values('url');
    if (urls.length === 0) return await complain(context, `curl: (2) no URL specified\n${MORE}`, 2);
    return await run(context, options, urls);
  } catch (error) {
    if (error instanceof BadCommandLine) return await complain(context, error.message, error.code);
    throw error;
  }
};

async function printed({ stdout }: CommandContext, text: string): Promise<number> {
  await stdout.write(text);
  return 0;
}

async function run(context: CommandContext, options: CurlOptions, patterns: readonly string[]): Promise<number> {
  const session: Session = {
    context,
    options,
    jar: await jarOf(context, options),
    connections: new Map(),
    variables: context.state.environment(context.assigned),
  };
  const carried = { body: await bodyOf(context, options), query: await queryOf(context, options) };
  let number = 0;
  let status = 0;
  for (const named of patterns.flatMap((pattern, i) => targets(options, pattern, i))) {
    status =
      named instanceof BadGlob
        ? await failing(session, BAD_URL, named.message)
        : await new UrlRun(session, { ...carried, ...named, number: number++ }).run();
    if (status !== 0 && options.is('fail-early')) break;
  }
  const file = options.value('cookie-jar');
  if (file !== undefined && session.jar) await writeTo(context, file, session.jar.text());
  return status;
}

/** The URLs of the pattern that was given as such a one, and where they go: to the file of the `-o` or `-O` that stands in the same place. */
function targets(options: CurlOptions, pattern: string, i: number): readonly (Pick<UrlTask, 'text' | 'name' | 'isNamed'> | BadGlob)[] {
  const output = options.all('output', 'remote-name')[i];
  const isNamed = output === undefined ? options.is('remote-name-all') : output.name === 'remote-name';
  const file = output?.name === 'output' ? output.value : undefined;
  const urls = options.is('globoff') ? [{ url: pattern, parts: [] }] : globbed(pattern);
  if (urls instanceof BadGlob) return [urls];
  return urls.map(({ url, parts }) => {
    const name = file?.replace(/#(\d+)/g, (whole, at: string) => parts[Number(at) - 1] ?? whole);
    return { text: url, name, isNamed };
  });
}

/** Cookies are kept when a file of them is named, be it empty. */
async function jarOf(context: CommandContext, options: CurlOptions): Promise<CookieJar | undefined> {
  const files = options.values('cookie').filter((value) => !value.includes('='));
  if (files.length === 0 && options.value('cookie-jar') === undefined) return undefined;
  const jar = new CookieJar(context.host.process.clock);
  for (const name of files) {
    const isThere = name !== '' && (await (await context.host.files()).exists(normalizePath(name, context.state.cwd)));
    if (isThere) jar.read(await readOf(context, name), { junksSessions: options.is('junk-session-cookies') });
  }
  return jar;
}
