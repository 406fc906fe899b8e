import type { OutputStream } from '../../cri.ts';
import type { ImageFacts } from '../image-catalog.ts';
import type { Listener } from '../network/listener.ts';
import type { ProcessContext, Program, RunningProgram, ServerBehaviour } from '../program.ts';
import { shellProgram } from '../shell-program.ts';
import { type Asked, buildText, helpText, readCommandLine } from './command-line.ts';
import { ConfigError } from './config-error.ts';
import { QUIET_START, runEntrypoint } from './entrypoint.ts';
import { type Call, Instance, USUAL_FILE } from './instance.ts';
import { errorLine } from './logs.ts';
import { startLines, startTexts } from './start-lines.ts';
import { MAINLINE, versionOf } from './version.ts';

/** How nginx comes to be run. */
export interface Start {
  readonly argv: readonly string[];
  readonly image: ImageFacts;
  /** The image's entrypoint prepares its configuration first. */
  readonly hasEntrypoint: boolean;
  /** It runs as its image was made to: with the files of the image, and as its user. */
  readonly isAsMade: boolean;
}

const OWN_CALL: Call = { file: USUAL_FILE, global: 'daemon off;' };

/** nginx, as a command of a container or as what its image runs by itself. */
export function nginxProgram(start: Start): Program {
  const [name = '', ...args] = start.argv;
  const words = /docker-entrypoint\.sh$/.test(name) ? args.slice(1) : args;
  const asked: Asked = start.argv.length === 0 ? { do: 'serve', call: OWN_CALL } : readCommandLine(words);
  if (asked.do !== 'serve') return { start: (context) => new Running(context, (nginx) => runCommand(nginx, asked)) };
  if (start.hasEntrypoint && start.isAsMade && asked.call.file === OWN_CALL.file && /^daemon off;$/.test(asked.call.global))
    return quietProgram(start);
  return servingProgram(start.image, asked.call, start.hasEntrypoint);
}

/** One that reads its configuration when it starts. */
const servingProgram = (image: ImageFacts, call: Call, hasEntrypoint: boolean): Program => ({
  server: { ports: [], facts: image, isExact: true },
  reaps: true,
  start: (context) => new Running(context, (nginx) => nginx.serve(call, hasEntrypoint)),
});

/** One that serves as its image was made to: nothing is read until somebody asks. */
function quietProgram({ image }: Start): Program {
  return {
    server: { ports: image.ports, facts: image, isExact: true },
    ifTaken: servingProgram(image, OWN_CALL, true),
    banner: (startedAt) => [...QUIET_START, ...startLines(startedAt, image.env.NGINX_VERSION ?? MAINLINE)],
    reaps: true,
    start: (context) => new Running(context, (nginx) => nginx.serveQuietly(image)),
  };
}

/** A process of nginx. */
class Running implements RunningProgram {
  process: ProcessContext;
  #instance: Instance | undefined;
  #isDone = false;
  /** Its image, when it serves as that was made to; until something is opened, its ports are the image's. */
  #quiet: ImageFacts | undefined;
  #hasOpened = false;
  /** Signals that came while it was starting. */
  #isUp = false;
  #pending: string[] | undefined;

  constructor(process: ProcessContext, run: (nginx: Running) => Promise<void> | void) {
    this.process = process;
    try {
      run(this)?.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  get server(): ServerBehaviour | undefined {
    const facts = this.#quiet;
    if (!facts) return undefined;
    if (this.#hasOpened) return { ports: [], facts, isExact: true };
    return { ports: facts.ports, facts, isExact: true, listener: (port) => this.#quietListener(port) };
  }

  /** As many workers as the configuration says, which are one where it leaves that open. */
  get workers(): number {
    return Number(this.#instance?.config?.main.text('worker_processes')) || 1;
  }

  say(stream: OutputStream, text: string): void {
    if (!this.#isDone) this.process.output(stream, text);
  }

  instance(call: Call): Instance {
    this.#instance ??= new Instance(this.process, call, (stream, text) => this.say(stream, text));
    return this.#instance;
  }

  end(code: number): void {
    if (this.#isDone) return;
    this.#instance?.close();
    this.#isDone = true;
    this.process.exit(code);
  }

  /** What ends it, in its own words. */
  fail(error: unknown): void {
    if (this.#isDone) return;
    if (!(error instanceof ConfigError)) this.say('stderr', `nginx: [emerg] ${error instanceof Error ? error.message : String(error)}\n`);
    else this.instance(OWN_CALL).complain('emerg', error.message);
    this.#endSoon(1);
  }

  /** Once its logs are written. */
  #endSoon(code: number): void {
    const written = this.#instance?.flushed() ?? Promise.resolve();
    void written.then(() => this.end(code));
  }

  /** Serves as the image was made to. */
  serveQuietly(image: ImageFacts): void {
    this.#isUp = true;
    this.#quiet = image;
  }

  /** Reads what the image has when the first one asks. */
  #quietListener(port: number): Listener {
    const answering = async (): Promise<Listener> => {
      const instance = this.instance(OWN_CALL);
      if (!instance.config) instance.adopt(await instance.readOwn());
      const listener = instance.listenerFor(port);
      if (!listener) throw new ConfigError(`nothing is listening on ${port}`);
      return listener;
    };
    return {
      http: async (request) => await (await answering()).http(request),
      stream: async (connection) => await (await answering()).stream(connection),
    };
  }

  /** Starts with a configuration that is to be read. */
  async serve(call: Call, hasEntrypoint: boolean): Promise<void> {
    if (hasEntrypoint) {
      const code = await runEntrypoint(this.process, (path) => this.#runScript(path));
      if (code !== 0) return this.end(code);
    }
    const instance = this.instance(call);
    await instance.openFirstLog();
    const read = await instance.read();
    if (this.#isDone) return;
    instance.adopt(read);
    await instance.prepare(read.config);
    await instance.listen();
    await instance.writePid(read.config);
    if (this.#isDone) return;
    for (const text of startTexts(instance.version)) instance.note('notice', text);
    this.#isUp = true;
    for (const signal of this.#pending?.splice(0) ?? []) this.signal(signal);
    if (instance.isDaemon) this.#goToBackground();
  }

  async #runScript(path: string): Promise<number> {
    const argv = ['/bin/sh', path];
    const program = shellProgram(argv);
    await program.prepare?.(this.process);
    const { process } = this;
    return await new Promise((resolve) => {
      const output = (stream: OutputStream, text: string) => this.say(stream, text);
      process.run(argv, { output, exit: resolve }, program);
    });
  }

  /** A child goes on; who waits for this process sees it end. */
  #goToBackground(): void {
    const before = this.process;
    this.process = before.fork([`nginx: master process ${before.argv.join(' ')}`], (signal) => this.signal(signal));
    before.exit(0);
  }

  signal(name: string): void {
    if (this.#isDone) return;
    if (!this.#isUp) {
      if (name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT') this.#pending = [...(this.#pending ?? []), name];
      return;
    }
    if (name === 'SIGHUP') void this.#reload().catch((error: unknown) => this.#keep(error));
    else if (name === 'SIGUSR1') {
      this.#note('notice', 'signal 10 (SIGUSR1) received, reopening logs');
      this.#instance?.reopenLogs();
    } else if (name === 'SIGQUIT') this.#stop('signal 3 (SIGQUIT) received, shutting down');
    else if (name === 'SIGTERM' || name === 'SIGINT') this.#stop(`signal ${name === 'SIGTERM' ? 15 : 2} (${name}) received, exiting`);
  }

  #note(level: 'notice', text: string): void {
    const { clock, pid } = this.process;
    if (this.#instance?.config) this.#instance.note(level, text);
    else this.say('stderr', errorLine(clock.now(), pid, level, text));
  }

  #stop(text: string): void {
    this.#note('notice', text);
    this.#note('notice', 'exit');
    if (this.#instance?.config) this.#endSoon(0);
    else this.end(0);
  }

  /** A wrong configuration leaves that of before. */
  #keep(error: unknown): void {
    if (this.#isDone) return;
    const text = error instanceof Error ? error.message : String(error);
    this.say('stderr', errorLine(this.process.clock.now(), this.process.pid, 'emerg', text));
  }

  async #reload(): Promise<void> {
    this.#note('notice', 'signal 1 (SIGHUP) received, reconfiguring');
    this.#note('notice', 'reconfiguring');
    const instance = this.instance(OWN_CALL);
    const read = await instance.read();
    if (this.#isDone) return;
    instance.adopt(read);
    this.#hasOpened = true;
    await instance.listen();
    this.#note('notice', 'using the "epoll" event method');
    this.#note('notice', 'start worker processes');
  }

  dispose(): void {
    this.#isDone = true;
    this.#instance?.close();
  }
}

/** Commands that say something and end. */
async function runCommand(nginx: Running, asked: Exclude<Asked, { do: 'serve' }>): Promise<void> {
  const version = versionOf(nginx.process.imageTag);
  switch (asked.do) {
    case 'complain':
      nginx.say('stderr', `nginx: ${asked.text}\n`);
      return nginx.end(1);
    case 'help':
      nginx.say('stderr', helpText(version));
      return nginx.end(0);
    case 'version':
      nginx.say('stderr', asked.isLong ? buildText(version) : `nginx version: nginx/${version}\n`);
      return nginx.end(0);
    case 'test':
      return await runTest(nginx, asked);
    default:
      return await sendSignal(nginx, asked.call, asked.signal);
  }
}

async function runTest(nginx: Running, { call, isQuiet, isDump }: Extract<Asked, { do: 'test' }>): Promise<void> {
  const instance = nginx.instance(call);
  await instance.openFirstLog();
  try {
    const { config } = await instance.read();
    for (const warning of config.warnings) instance.complain('warn', warning);
    if (!isQuiet)
      nginx.say(
        'stderr',
        `nginx: the configuration file ${call.file} syntax is ok\nnginx: configuration file ${call.file} test is successful\n`,
      );
    if (isDump) for (const [path, text] of config.sources) nginx.say('stdout', `# configuration file ${path}:\n${text}\n`);
    return nginx.end(0);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    instance.complain('emerg', error.message);
    nginx.say('stderr', `nginx: configuration file ${call.file} test failed\n`);
    return nginx.end(1);
  }
}

/** To the first process of nginx; a configuration that is wrong is told of before (`nginx -s`). */
async function sendSignal(nginx: Running, call: Call, signal: string): Promise<void> {
  const { process } = nginx;
  const instance = nginx.instance(call);
  await instance.openFirstLog();
  await instance.read();
  instance.note('notice', 'signal process started');
  const main = process
    .processes()
    .find(({ argv, pid, containerId }) => pid !== process.pid && /(?:^|\/)nginx(?:: master.*)?$/.test(argv[0] ?? '') && containerId !== '');
  const isMain = main ?? process.processes().find(({ pid }) => pid === process.mainPid);
  if (!isMain || process.kill(isMain.pid, signal) !== 'sent') {
    nginx.say('stderr', 'nginx: [error] open() "/run/nginx.pid" failed (2: No such file or directory)\n');
    return nginx.end(1);
  }
  nginx.end(0);
}
