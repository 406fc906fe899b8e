import { commandLineOption } from './command-line.ts';
import type { ImageFacts } from './image-catalog.ts';
import { NATIVE_PROGRAMS, programOf } from './native-programs.ts';
import type { Program, ServerBehaviour } from './program.ts';
import { exitProgram, serverProgram, sleepProgram } from './programs.ts';
import { shellProgram } from './shell-program.ts';
import { sleepMs } from './sleep-time.ts';

import { hasTool } from './tool-names.ts';

/** A command that cannot be started, with the text of the runtime. */
export interface StartFailure {
  readonly failure: string;
}

export interface ProgramRequest {
  readonly image: ImageFacts;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Whether a path may lead to a file of a volume, hence to a script of the user's. */
  readonly isMounted: (path: string) => boolean;
  /** For a command that is run in a container, beside its main process. */
  readonly isExec?: boolean | undefined;
  /** Whether it has an input from which somebody may type. */
  readonly hasInput?: boolean | undefined;
  /** Whether its end is waited for. */
  readonly isTask?: boolean | undefined;
  /** Whether the container has its image's configuration, and runs as its user on files that it may write; not known of a command run in it. */
  readonly asMade?: (() => boolean) | undefined;
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash']);

/** With these options a program says something and ends. */
const SAYS_ONE_THING = new Set(['-V', '-v', '--version', '--help', '-h']);
/** With these an interpreter does what it is told and ends; a server is configured by them: `postgres -c max_connections=200`. */
const DOES_ONE_THING = new Set(['-c', '-e']);

/** A command that has the name of no tool and of no program of the image: a file of the container, if there is one. */
export interface FileCommand {
  readonly file: readonly string[];
}

/** Decides what a container runs: by its command, else by what its image does. */
export function chooseProgram(request: ProgramRequest): Program | FileCommand {
  const { image, command, args } = request;
  if (command.length === 0 && (args.length === 0 || image.args === 'flags')) return ownProgram(request);
  const argv = commandLineOf(image, command, args);
  const path = argv[0] ?? '';
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (image.ownTools.includes(name)) return shellProgram(argv);
  const client = image.clients[name];
  if (client !== undefined) return exitProgram(0, client);
  if (image.binaries.includes(name) || image.binaries.includes(path)) return binaryProgram(request, argv);
  const isOwnFile = path.includes('/') && request.isMounted(path);
  if (!isOwnFile && image.shell && hasTool(name, image.base)) return trivialProgram(argv, name) ?? shellProgram(argv, servedBy(image));
  if (isOwnFile || image.known) return { file: argv };
  return undescribedProgram(request);
}

const undescribedProgram = (request: ProgramRequest): Program =>
  request.isExec || isDone(request) ? exitProgram(0) : imageProgram(request.image, request.args);

/** What nobody described, and is waited for, has done its work: a server is waited for by nobody. */
const isDone = ({ image, isTask }: ProgramRequest): boolean => isTask === true && !image.known;

/** What is run of a command, or of arguments that are one: an entrypoint may know which program flags are meant for. */
export function commandLineOf({ program }: ImageFacts, command: readonly string[], args: readonly string[]): readonly string[] {
  if (command.length > 0) return args.length > 0 ? [...command, ...args] : command;
  return program !== '' && args[0]?.startsWith('-') ? [program, ...args] : args;
}

function ownProgram(request: ProgramRequest): Program {
  const { image, args, asMade } = request;
  if (readsInput(request)) return shellProgram(image.title);
  if (isDone(request)) return exitProgram(0);
  const isAsMade = asMade?.() ?? false;
  const known = isAsMade && args.length === 0 ? ofImages.get(image) : undefined;
  if (known) return known;
  const native = programOf(image, [], { hasEntrypoint: true, isAsMade });
  if (!native) return imageProgram(image, args);
  if (isAsMade) ofImages.set(image, native);
  return native;
}

/** An image whose program is a shell ends at once when it has no input; with one it reads. */
const readsInput = ({ hasInput, args, image: { run, shell, title, binaries } }: ProgramRequest): boolean =>
  hasInput === true && args.length === 0 && run === 'exit' && shell && binaries.length === 0 && SHELLS.has(title[0] ?? '');

/** What images do by themselves; shared, since most containers give no command. */
const ofImages = new WeakMap<ImageFacts, Program>();

function imageProgram(image: ImageFacts, args: readonly string[]): Program {
  if (args.length > 0) return makeImageProgram(image.commands[args[0] ?? ''] ?? image, args);
  let program = ofImages.get(image);
  if (!program) {
    program = makeImageProgram(image, args);
    ofImages.set(image, program);
  }
  return program;
}

function makeImageProgram(image: ImageFacts, args: readonly string[]): Program {
  const native = NATIVE_PROGRAMS[image.native];
  if (native) return native(args);
  if (image.run === 'exit') return exitProgram(0);
  if (image.run === 'tool') return shellProgram([...image.title, ...args]);
  if (image.run !== 'server') return trivialProgram(image.run, image.run[0] ?? '') ?? shellProgram(image.run);
  return serverProgram(image, portsOf(image, args));
}

/** The ports of an image's server, which may be told another by a flag: `--port=80`, `-listen=:80`. */
function portsOf(image: ImageFacts, argv: readonly string[]): readonly number[] {
  for (const flag of image.portFlags) {
    const port = /(\d{1,5})$/.exec(commandLineOption(argv, flag))?.[1];
    if (port !== undefined) return [Number(port), ...image.ports.slice(1)];
  }
  return argv.includes('http.server') ? [Number(argv.find((arg) => /^\d{2,5}$/.test(arg)) ?? 8000)] : image.ports;
}

function binaryProgram(request: ProgramRequest, argv: readonly string[]): Program {
  const image = request.image.commands[argv[1] ?? ''] ?? request.image;
  if (image.run === 'tool') return shellProgram(argv);
  const start = request.command.length === 0 ? { hasEntrypoint: true } : {};
  const native = programOf(image, argv, { ...start, isAsMade: request.asMade?.() ?? false });
  if (native) return native;
  if (request.isExec && argv.some((arg) => arg === 'quit' || arg === 'stop')) return { ...exitProgram(0), start: stopMain };
  if (request.isExec || argv.slice(1).some((arg) => SAYS_ONE_THING.has(arg) || (image.run !== 'server' && DOES_ONE_THING.has(arg))))
    return exitProgram(0);
  return NATIVE_PROGRAMS[image.native]?.(argv) ?? serverProgram(image, portsOf(image, argv));
}

/** `nginx -s quit` and the like: the main process is asked to end. */
const stopMain: Program['start'] = (context) => {
  context.kill(context.mainPid, 'SIGQUIT');
  context.exit(0);
  return { signal: () => undefined, dispose: () => undefined };
};

/** A script of an image that nobody described may well start its server: it answers on the ports that its container declares. */
const servedBy = (image: ImageFacts): ServerBehaviour | undefined => (image.known ? undefined : { ports: image.ports, facts: image });

/** What needs no shell to be understood; undefined for all else. */
export function trivialProgram(argv: readonly string[], name: string): Program | undefined {
  const [, ...args] = argv;
  if (SHELLS.has(name)) return args[0] === '-c' && args.length === 2 ? trivialScript(args[1] ?? '') : undefined;
  switch (name) {
    case 'sleep':
      return sleepFor(args);
    case 'tail':
      return args.at(-1) === '/dev/null' && args.some((arg) => /^-[fF]/.test(arg)) ? sleepProgram(Number.POSITIVE_INFINITY) : undefined;
    case 'true':
      return exitProgram(0);
    case 'false':
      return exitProgram(1);
    case 'echo':
      return args[0]?.startsWith('-') || args.some((arg) => arg.includes('\\'))
        ? undefined
        : exitProgram(0, `${toBytes(args.join(' '))}\n`);
    default:
      return undefined;
  }
}

/** Only words that no shell would touch. */
const PLAIN = /^[\w ./:,@%+=-]+$/;
const SILENT_LOOP = /^while (?:true|:|\[ 1 \]|\[ true \]) *; *do +sleep +\d+ *;? *done;?$/;

function trivialScript(script: string): Program | undefined {
  const text = script.trim();
  if (SILENT_LOOP.test(text)) return sleepProgram(Number.POSITIVE_INFINITY);
  if (!PLAIN.test(text)) return undefined;
  const words = text.split(/ +/);
  if (words[0] === 'exec') words.shift();
  if (words[0] === 'exit' && words.length === 2 && /^\d{1,3}$/.test(words[1] ?? '')) return exitProgram(Number(words[1]) & 255);
  const assigns = words[0]?.includes('=') ?? true;
  return assigns || SHELLS.has(words[0] ?? '') ? undefined : trivialProgram(words, words[0] ?? '');
}

/** Lasting sleeps of the same length are one program. */
const sleeps = new Map<number, Program>();
const SLEEPS_MAX = 100;

function sleepFor(args: readonly string[]): Program | undefined {
  const ms = sleepMs(args);
  if (ms === undefined) return undefined;
  const known = sleeps.get(ms);
  if (known) return known;
  const made = sleepProgram(ms);
  if (sleeps.size < SLEEPS_MAX) sleeps.set(ms, made);
  return made;
}

/** Text as bytes, one character each. */
export const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
