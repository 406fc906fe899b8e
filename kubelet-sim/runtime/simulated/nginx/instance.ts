import { isIP } from 'node:net';
import type { Timer } from '../../../../runtime/index.ts';
import type { OutputStream } from '../../cri.ts';
import { FileError } from '../files/tree.ts';
import type { ImageFacts } from '../image-catalog.ts';
import type { OpenSocket } from '../network/container-sockets.ts';
import type { Listener } from '../network/listener.ts';
import type { ProcessContext } from '../program.ts';
import { loadCertificates } from './certificates.ts';
import { ConfigError } from './config-error.ts';
import { buildConfiguration, type Configuration } from './configuration.ts';
import type { Counters } from './exchange.ts';
import { HttpListener, type ListenerParts } from './http-listener.ts';
import { type ErrorLevel, errorLine, isTaken, LogFiles, levelOf } from './logs.ts';
import { everyDirective } from './model.ts';
import { configPath, parseConfig } from './parser.ts';
import type { Scope } from './scope.ts';
import { StreamListener } from './stream-listener.ts';
import { resolverFor } from './upstreams.ts';
import { versionOf } from './version.ts';

/** How nginx is called. */
export interface Call {
  /** `-c` */
  readonly file: string;
  /** `-g` */
  readonly global: string;
}

export const USUAL_FILE = '/etc/nginx/nginx.conf';
/** The log before a configuration says where it is. */
const FIRST_LOG = '/var/log/nginx/error.log';
/** Times that a port is tried which another has, and what is waited between two. */
const BIND_TRIES = 5;
const BIND_WAIT_MS = 500;

/** A configuration with what belongs to it. */
interface Read {
  readonly config: Configuration;
  readonly certificates: ListenerParts['certificates'];
}

/** The configurations of images, by the version that a tag has. */
const ofImages = new WeakMap<ImageFacts, ReadonlyMap<string, Promise<Read>>>();

/** A server that listens, and what it is closed with. */
interface Open {
  readonly key: string;
  readonly socket: OpenSocket;
  readonly close: () => void;
}

/** nginx in a process: its configuration, logs and sockets. */
export class Instance {
  readonly process: ProcessContext;
  readonly version: string;
  readonly #call: Call;
  readonly #logs: LogFiles;
  readonly #output: (stream: OutputStream, text: string) => void;
  readonly #counters: Counters = { accepted: 0, requests: 0 };
  #config: Configuration | undefined;
  #parts: ListenerParts | undefined;
  #open: readonly Open[] = [];
  #connections = 0;
  #timer: Timer | undefined;

  constructor(process: ProcessContext, call: Call, output: (stream: OutputStream, text: string) => void) {
    this.process = process;
    this.version = versionOf(process.imageTag);
    this.#call = call;
    this.#output = output;
    this.#logs = new LogFiles(process, output);
  }

  get config(): Configuration | undefined {
    return this.#config;
  }

  /** Whether it goes to the background once it is up. */
  get isDaemon(): boolean {
    return this.#config?.main.isOn('daemon', true) ?? true;
  }

  /** Reads its configuration, with what belongs to it. @throws ConfigError */
  async read(): Promise<Read> {
    const { process } = this;
    const files = await process.files();
    const reading = {
      read: async (path: string) => (await files.readFile(path)).toString('latin1'),
      list: (path: string) => files.readdir(path).catch(() => []),
    };
    const parsed = await parseConfig(reading, this.#call.file, this.#call.global);
    const config = await buildConfiguration(parsed, { version: this.version, resolve: resolverFor(process), user: process.user });
    const certificates = await loadCertificates(process, config.http?.servers ?? []);
    return { config, certificates };
  }

  /** What its image has, which all its containers share. @throws ConfigError */
  async readOwn(): Promise<Read> {
    const { process, version } = this;
    const { image } = process;
    const known = ofImages.get(image)?.get(version);
    if (known) return await known;
    const reading = {
      read: (path: string) => {
        const text = image.files[path];
        return text === undefined ? Promise.reject(new FileError('ENOENT', path)) : Promise.resolve(text);
      },
      list: (path: string) => {
        const below = Object.keys(image.files).filter((file) => file.startsWith(`${path}/`));
        return Promise.resolve(below.map((file) => file.slice(path.length + 1)));
      },
    };
    const parsing = parseConfig(reading, this.#call.file, this.#call.global);
    const user = { ...process.user, uid: 0 };
    const made = parsing.then(async (parsed) => ({
      config: await buildConfiguration(parsed, { version, resolve: resolverFor(process), user }),
      certificates: new Map(),
    }));
    ofImages.set(image, new Map([...(ofImages.get(image) ?? []), [version, made]]));
    return await made;
  }

  /** Takes over what was read. */
  adopt({ config, certificates }: Read): void {
    this.#config = config;
    this.#parts = {
      process: this.process,
      config,
      counters: this.#counters,
      certificates,
      writeLog: (path, text) => this.#logs.write(path, text),
      writeError: (scope, level, text) => this.#writeError(scope, level, text),
      next: () => ++this.#connections,
    };
  }

  /** What only a start does: users, directories, logs. @throws ConfigError */
  async prepare(config: Configuration): Promise<void> {
    const { process } = this;
    for (const warning of config.warnings) this.complain('warn', warning);
    const user = config.main.find('user');
    if (user && process.user.uid !== 0)
      this.complain(
        'warn',
        `the "user" directive makes sense only if the master process runs with super-user privileges, ignored in ${user.file}:${user.line}`,
      );
    await this.#makeDirectories();
    for (const path of logPaths(config)) await this.#openLog(path);
  }

  /** The directories that bodies are kept in, which belong to the workers. */
  async #makeDirectories(): Promise<void> {
    const { process } = this;
    const files = await process.files();
    for (const { path, message } of process.image.writes) {
      try {
        await files.checkWritable(path);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        throw new ConfigError(message.replace(/^nginx: \[emerg\] /, '').replaceAll('{{error}}', `${error.number}: ${error.reason}`));
      }
      const directory = /"([^"]+)"/.exec(message)?.[1] ?? path;
      if (process.user.uid === 0 && !process.can('CHOWN'))
        throw new ConfigError(`chown("${directory}", ${process.image.worker?.uid ?? 101}) failed (1: Operation not permitted)`);
    }
  }

  async #openLog(path: string): Promise<void> {
    try {
      await this.#logs.open(path);
    } catch (error) {
      if (error instanceof FileError) throw new ConfigError(`open() "${path}" failed (${error.number}: ${error.reason})`);
      throw error;
    }
  }

  /** The file that other calls find this process by. @throws ConfigError */
  async writePid(config: Configuration): Promise<void> {
    const path = configPath(config.main.text('pid') ?? '/run/nginx.pid');
    try {
      await (await this.process.files()).writeFile(path, Buffer.from(`${this.process.pid}\n`));
    } catch (error) {
      if (error instanceof FileError) throw new ConfigError(`open() "${path}" failed (${error.number}: ${error.reason})`);
      throw error;
    }
  }

  /** Listens where the configuration says; ports that another has are tried for some time. @throws ConfigError */
  async listen(): Promise<void> {
    const wanted = this.#wanted();
    for (const one of this.#open) one.close();
    this.#open = [];
    for (const { address, port } of wanted.flatMap(({ addresses, port }) => addresses.map((address) => ({ address, port }))))
      this.#checkAddress(address, port);
    let missing = wanted;
    for (let i = 0; i < BIND_TRIES && missing.length > 0; i++) {
      if (i > 0) await this.#wait(BIND_WAIT_MS);
      missing = missing.filter((one) => !this.#bind(one));
    }
    if (missing.length > 0) throw new ConfigError('still could not bind()');
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.process.clock.setTimer(ms, resolve);
    });
  }

  /** @throws ConfigError for an address that the pod has not, and a port that the user may not have */
  #checkAddress(address: string, port: number): void {
    const { process } = this;
    const plain = address.replace(/^\[|\]$/g, '');
    if (isIP(plain) === 0) throw new ConfigError(`host not found in "${address}:${port}" of the "listen" directive`);
    if (!process.mayBind(port)) throw new ConfigError(`bind() to ${address}:${port} failed (13: Permission denied)`);
    const isOwn = ['0.0.0.0', '::', '::1', process.ip, process.secondIp].includes(plain) || plain.startsWith('127.');
    if (!isOwn) throw new ConfigError(`bind() to ${address}:${port} failed (99: Cannot assign requested address)`);
  }

  #wanted(): readonly Wanted[] {
    const parts = this.#parts;
    if (!parts) return [];
    const { http, stream } = parts.config;
    const wanted = new Map<number, Gathered>();
    for (const { address, port } of http?.endpoints ?? []) {
      const endpoints = http?.endpoints.filter((endpoint) => endpoint.port === port) ?? [];
      const at: Gathered = wanted.get(port) ?? { addresses: [], make: () => new HttpListener(parts, endpoints) };
      at.addresses.push(address);
      wanted.set(port, at);
    }
    for (const server of stream?.servers ?? [])
      for (const { address, port, udp } of server.listens)
        if (!udp) wanted.set(port, { addresses: [address], make: () => new StreamListener(parts, server) });
    return [...wanted].map(([port, at]) => ({ port, ...at }));
  }

  #bind({ port, addresses, make }: Wanted): boolean {
    const listener = make();
    const socket = this.process.listen(port, listener);
    if (!socket) {
      for (const address of addresses) this.complain('emerg', `bind() to ${address}:${port} failed (98: Address already in use)`);
      return false;
    }
    const close = () => {
      socket.close();
      listener.close();
    };
    this.#open = [...this.#open, { key: String(port), socket, close }];
    return true;
  }

  /** Who answers on a port, while nothing has been opened. */
  listenerFor(port: number): Listener | undefined {
    return this.#wanted()
      .find((one) => one.port === port)
      ?.make();
  }

  close(): void {
    this.#timer?.cancel();
    for (const one of this.#open) one.close();
    this.#open = [];
  }

  reopenLogs(): void {
    this.#logs.reopen();
  }

  /** Resolves when its logs are written. */
  flushed(): Promise<void> {
    return this.#logs.flushed();
  }

  /** Opens the log in which it says what is wrong with its configuration; where that cannot be, it goes on without. */
  async openFirstLog(): Promise<void> {
    try {
      await this.#logs.open(FIRST_LOG);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#output(
        'stderr',
        `nginx: [alert] could not open error log file: open() "${FIRST_LOG}" failed (${error.number}: ${error.reason})\n`,
      );
    }
  }

  /** A line of the process's own error log. */
  note(level: ErrorLevel, text: string): void {
    this.#writeError(this.#config?.main, level, text);
  }

  /** What is told on standard error too. */
  complain(level: ErrorLevel, text: string): void {
    this.note(level, text);
    if (!this.#isOnStandardError()) this.#output('stderr', `nginx: [${level}] ${text}\n`);
  }

  #isOnStandardError(): boolean {
    return this.#config?.main.text('error_log') === 'stderr';
  }

  #writeError(scope: Scope | undefined, level: ErrorLevel, text: string): void {
    const line = errorLine(this.process.clock.now(), this.process.pid, level, text);
    const logs = scope?.all('error_log') ?? [];
    if (logs.length === 0 && isTaken(level, scope === undefined ? 'notice' : 'error')) this.#logs.write(FIRST_LOG, line);
    for (const { args } of logs) if (args[0] !== undefined && isTaken(level, levelOf(args[1]))) this.#logs.write(pathOfLog(args[0]), line);
  }
}

/** What is to answer on a port. */
interface Gathered {
  readonly addresses: string[];
  readonly make: () => Listener & { close(): void };
}

interface Wanted extends Gathered {
  readonly port: number;
}

const pathOfLog = (text: string): string => (text === 'stderr' || text.startsWith('/') ? text : configPath(text));

/** The files of all logs that are named. */
function logPaths({ main }: Configuration): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const { name, args } of everyDirective(main)) {
    const [path = 'off'] = args;
    const isFile = path !== 'off' && path !== 'stderr' && !path.startsWith('syslog:') && !path.includes('$');
    if ((name === 'error_log' || name === 'access_log') && isFile) paths.add(pathOfLog(path));
  }
  return paths;
}
