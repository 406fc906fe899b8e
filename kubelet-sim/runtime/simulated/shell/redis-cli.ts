import { hostPort } from '../../host-port.ts';
import { ConnectError } from '../network/listener.ts';
import type { RedisReply } from '../redis/redis-data.ts';
import { takeReply, wordsOf, writeCommand } from '../redis/redis-protocol.ts';
import { readOptions } from './command-options.ts';
import { stdinOf } from './io.ts';
import { patiently } from './resolving.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const VALUES: ReadonlySet<string> = new Set(['h', 'p', 'a', 'n', 'u', 'user', 'pass']);
const WHY: Readonly<Record<string, string>> = {
  refused: 'Connection refused',
  timeout: 'Connection timed out',
  unreachable: 'No route to host',
};

/** `redis-cli [-h HOST] [-p PORT] [-a PASSWORD] [COMMAND…]`; without a command those of standard input, one a line. */
const redisCli: CommandFunction = async (context) => {
  const { options, command } = split(context.args);
  const { values } = readOptions(options, VALUES);
  const [host, port] = [values.get('h') ?? '127.0.0.1', Number(values.get('p') ?? 6379)];
  try {
    const dialled = await patiently(context.host, context.host.process.network.dial(host, port));
    const talk = new Talk(context, hostPort(host, port));
    const stream = { input: talk.input(command), output: (text: string) => talk.heard(text), signal: context.host.signal };
    await dialled.stream(stream);
    await talk.shown;
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const why = WHY[error.failure] ?? 'Name or service not known';
    return await complain(context, `Could not connect to Redis at ${hostPort(host, port)}: ${why}`);
  }
};

/** What comes before the command is for the tool: a number below zero in the command is no option. */
function split(args: readonly string[]): { readonly options: readonly string[]; readonly command: readonly string[] } {
  let at = 0;
  for (let arg = args[at]; arg?.startsWith('-'); arg = args[at]) at += VALUES.has(arg.replace(/^--?/, '')) ? 2 : 1;
  return { options: args.slice(0, at), command: args.slice(at) };
}

/** One conversation: a command at a time, each shown with its answer before the next. */
class Talk {
  readonly #context: CommandContext;
  readonly #where: string;
  #text = '';
  #answered: (() => void) | undefined;
  /** What has been shown so far. */
  shown: Promise<unknown> = Promise.resolve();

  constructor(context: CommandContext, where: string) {
    this.#context = context;
    this.#where = where;
  }

  async *input(command: readonly string[]): AsyncGenerator<string> {
    if (command.length > 0) {
      yield* this.#ask(command);
      return;
    }
    const { fds, stdout, host } = this.#context;
    const prompt = async () => (host.process.tty ? await stdout.write(`${this.#where}> `) : undefined);
    const input = stdinOf(fds);
    await prompt();
    for (let line = await input.readLine(); line !== undefined; line = await input.readLine()) {
      const words = wordsOf(line.text);
      if (words[0] === 'exit' || words[0] === 'quit') return;
      if (words.length > 0) yield* this.#ask(words);
      await prompt();
    }
  }

  async *#ask(words: readonly string[]): AsyncGenerator<string> {
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    yield writeCommand(words);
    await answered;
    await this.shown;
  }

  heard(text: string): void {
    this.#text += text;
    for (let taken = takeReply(this.#text); taken; taken = takeReply(this.#text)) {
      this.#text = taken.rest;
      const { stdout, host } = this.#context;
      const shown = host.process.tty ? formatted(taken.value) : raw(taken.value);
      this.shown = Promise.all([this.shown, stdout.write(`${shown}\n`)]);
      this.#answered?.();
    }
  }
}

/** As it is shown to programs. */
function raw(reply: RedisReply): string {
  if (reply === null) return '';
  if (typeof reply === 'number' || typeof reply === 'string') return String(reply);
  if ('status' in reply) return reply.status;
  if ('error' in reply) return `${reply.error}\n`;
  return reply.map(raw).join('\n');
}

/** As it is shown on a terminal. */
function formatted(reply: RedisReply, indent = ''): string {
  if (reply === null) return '(nil)';
  if (typeof reply === 'number') return `(integer) ${reply}`;
  if (typeof reply === 'string') return JSON.stringify(reply);
  if ('status' in reply) return reply.status;
  if ('error' in reply) return `(error) ${reply.error}`;
  if (reply.length === 0) return '(empty array)';
  return reply.map((one, i) => `${i > 0 ? indent : ''}${i + 1}) ${formatted(one, `${indent}   `)}`).join('\n');
}

export const REDIS_TOOLS: readonly [string, CommandFunction][] = [
  ['redis-cli', redisCli],
  ['valkey-cli', redisCli],
];
