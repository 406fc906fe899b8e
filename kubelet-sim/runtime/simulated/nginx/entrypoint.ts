// What `/docker-entrypoint.sh` of the image does before it runs nginx, with the scripts of `/docker-entrypoint.d` (nginxinc/docker-nginx, `entrypoint/`).

import type { ContainerFiles } from '../files/container-files.ts';
import { FileError } from '../files/tree.ts';
import type { ProcessContext } from '../program.ts';
import { substitute } from './envsubst.ts';
import { compilePattern } from './pattern.ts';

const ME = '/docker-entrypoint.sh';
const SCRIPTS = '/docker-entrypoint.d';
const DEFAULT_CONF = '/etc/nginx/conf.d/default.conf';

/** The scripts of the image, in their order. */
export const OWN_SCRIPTS: readonly string[] = [
  '10-listen-on-ipv6-by-default.sh',
  '15-local-resolvers.envsh',
  '20-envsubst-on-templates.sh',
  '30-tune-worker-processes.sh',
];

/** What one that nothing is asked of says. */
export const QUIET_START: readonly string[] = [
  `${ME}: ${SCRIPTS}/ is not empty, will attempt to perform configuration`,
  `${ME}: Looking for shell scripts in ${SCRIPTS}/`,
  `${ME}: Launching ${SCRIPTS}/10-listen-on-ipv6-by-default.sh`,
  `10-listen-on-ipv6-by-default.sh: info: Getting the checksum of ${DEFAULT_CONF}`,
  `10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in ${DEFAULT_CONF}`,
  `${ME}: Sourcing ${SCRIPTS}/15-local-resolvers.envsh`,
  `${ME}: Launching ${SCRIPTS}/20-envsubst-on-templates.sh`,
  `${ME}: Launching ${SCRIPTS}/30-tune-worker-processes.sh`,
  `${ME}: Configuration complete; ready for start up`,
];

interface Entry {
  readonly process: ProcessContext;
  readonly files: ContainerFiles;
  readonly environment: Map<string, string>;
  say(line: string): void;
  /** Runs a script that is not the image's own; answers its exit code. */
  run(path: string): Promise<number>;
}

/**
 * Runs the entrypoint.
 *
 * @param run what runs a script that somebody else has put there
 * @returns the code that it ends with; 0 when nginx is to be run
 */
export async function runEntrypoint(process: ProcessContext, run: (path: string) => Promise<number>): Promise<number> {
  const environment = new Map(await process.environment());
  const files = await process.files();
  const isQuiet = (environment.get('NGINX_ENTRYPOINT_QUIET_LOGS') ?? '') !== '';
  const say = (line: string) => (isQuiet ? undefined : process.output('stdout', `${line}\n`));
  const entry: Entry = { process, files, environment, say, run };
  const names = (await files.readdir(SCRIPTS).catch(() => [])).filter((name) => !name.startsWith('..'));
  if (names.length === 0) {
    say(`${ME}: No files found in ${SCRIPTS}/, skipping configuration`);
    return 0;
  }
  say(`${ME}: ${SCRIPTS}/ is not empty, will attempt to perform configuration`);
  say(`${ME}: Looking for shell scripts in ${SCRIPTS}/`);
  for (const name of names) {
    const code = await runScript(entry, name);
    if (code !== 0) return code;
  }
  say(`${ME}: Configuration complete; ready for start up`);
  return 0;
}

async function runScript(entry: Entry, name: string): Promise<number> {
  const path = `${SCRIPTS}/${name}`;
  const isShell = /\.(?:envsh|sh)$/.test(name);
  const own = (await textOf(entry.files, path)) === entry.process.image.files[path] ? OWN[name] : undefined;
  if (!isShell || !(own || (await entry.files.allows(path, 'execute')))) {
    entry.say(`${ME}: Ignoring ${path}${isShell ? ', not executable' : ''}`);
    return 0;
  }
  entry.say(`${ME}: ${name.endsWith('.envsh') ? 'Sourcing' : 'Launching'} ${path}`);
  if (own) await own(entry);
  return own ? 0 : await entry.run(path);
}

async function listenOnIpv6({ files, say, process }: Entry): Promise<void> {
  const info = (text: string) => say(`10-listen-on-ipv6-by-default.sh: info: ${text}`);
  const text = await textOf(files, DEFAULT_CONF);
  if (text === undefined) return info(`${DEFAULT_CONF} is not a file or does not exist`);
  if (!(await files.allows(DEFAULT_CONF, 'write'))) return info(`can not modify ${DEFAULT_CONF} (read-only file system?)`);
  if (/listen {2}\[::\]:80;/.test(text)) return info('IPv6 listen already enabled');
  info(`Getting the checksum of ${DEFAULT_CONF}`);
  if (text !== process.image.files[DEFAULT_CONF]) return info(`${DEFAULT_CONF} differs from the packaged version`);
  await files.writeFile(DEFAULT_CONF, Buffer.from(text.replace('listen       80;', 'listen       80;\n    listen  [::]:80;'), 'latin1'));
  info(`Enabled listen on IPv6 in ${DEFAULT_CONF}`);
}

async function localResolvers({ environment, files }: Entry): Promise<void> {
  if (!environment.get('NGINX_ENTRYPOINT_LOCAL_RESOLVERS')) return;
  const text = (await textOf(files, '/etc/resolv.conf')) ?? '';
  const servers = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, server = '']) => (server.includes(':') ? `[${server}]` : server));
  environment.set('NGINX_LOCAL_RESOLVERS', servers.join(' '));
}

async function substituteTemplates({ environment, files, say }: Entry): Promise<void> {
  const me = '20-envsubst-on-templates.sh';
  const from = environment.get('NGINX_ENVSUBST_TEMPLATE_DIR') ?? '/etc/nginx/templates';
  const suffix = environment.get('NGINX_ENVSUBST_TEMPLATE_SUFFIX') ?? '.template';
  const to = environment.get('NGINX_ENVSUBST_OUTPUT_DIR') ?? '/etc/nginx/conf.d';
  const filter = compilePattern(environment.get('NGINX_ENVSUBST_FILTER') ?? '');
  if ((await files.stat(from).catch(() => undefined))?.type !== 'directory') return;
  if (!(await files.allows(to, 'write'))) return say(`${me}: ERROR: ${from} exists, but ${to} is not writable`);
  const used = new Map([...environment].filter(([name]) => filter.match(name)));
  for (const path of await filesBelow(files, from)) {
    if (!path.endsWith(suffix)) continue;
    const target = `${to}${path.slice(from.length, -suffix.length)}`;
    await files.mkdir(target.slice(0, target.lastIndexOf('/')), { recursive: true });
    say(`${me}: Running envsubst on ${path} to ${target}`);
    await files.writeFile(target, Buffer.from(substitute((await textOf(files, path)) ?? '', used), 'latin1'));
  }
}

/** All files in a directory and below; what a link leads to is a file too, hidden directories are not gone into twice. */
async function filesBelow(files: ContainerFiles, directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.readdir(directory)) {
    if (name.startsWith('..')) continue;
    const path = `${directory}/${name}`;
    const stat = await files.stat(path).catch(() => undefined);
    if (stat?.type === 'directory') found.push(...(await filesBelow(files, path)));
    else if (stat) found.push(path);
  }
  return found;
}

/** `worker_processes` of as many as there are processors, when that is asked for. */
async function tuneWorkers({ environment, files, process }: Entry): Promise<void> {
  if (!environment.get('NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE')) return;
  const path = '/etc/nginx/nginx.conf';
  const text = (await textOf(files, path)) ?? '';
  if (!(await files.allows(path, 'write')))
    return process.output('stderr', `30-tune-worker-processes.sh: error: can not modify ${path} (read-only file system?)\n`);
  await files.writeFile(path, Buffer.from(text.replace(/^(worker_processes)(.*)$/m, '#$1$2\n$1 1;'), 'latin1'));
}

const OWN: Readonly<Record<string, (entry: Entry) => Promise<void>>> = {
  '10-listen-on-ipv6-by-default.sh': listenOnIpv6,
  '15-local-resolvers.envsh': localResolvers,
  '20-envsubst-on-templates.sh': substituteTemplates,
  '30-tune-worker-processes.sh': tuneWorkers,
};

async function textOf(files: ContainerFiles, path: string): Promise<string | undefined> {
  try {
    return (await files.readFile(path)).toString('latin1');
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
