import type { ImageFacts } from './image-catalog.ts';
import type { Program, ServerBehaviour } from './program.ts';
import { exitProgram, serverProgram, sleepProgram } from './programs.ts';
import { shellProgram } from './shell-program.ts';
import { sleepMs } from './sleep-time.ts';
import { TOOL_NAMES } from './tool-names.ts';

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
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash']);

/** Interpreters: with these options they do a thing and end. */
const ONE_SHOT = new Set(['-c', '-e', '-V', '-v', '--version', '--help', '-h']);

/** Decides what a container runs: by its command, else by what its image does. */
export function chooseProgram(request: ProgramRequest): Program | StartFailure {
  const { image, command, args } = request;
  if (command.length === 0 && (args.length === 0 || image.args === 'flags')) return imageProgram(image);
  const argv = [...command, ...args];
  const path = argv[0] ?? '';
  const name = path.slice(path.lastIndexOf('/') + 1);
  const client = image.clients[name];
  if (client !== undefined) return exitProgram(0, client);
  if (image.binaries.includes(name) || image.binaries.includes(path)) return binaryProgram(request, argv);
  if (image.shell && TOOL_NAMES.has(name)) return trivialProgram(argv, name) ?? shellProgram(argv, servedBy(argv.join(' '), image));
  if (path.includes('/') && request.isMounted(path)) return shellProgram(argv);
  if (image.known) return { failure: notFound(path) };
  return request.isExec ? exitProgram(0) : imageProgram(image);
}

function imageProgram(image: ImageFacts): Program {
  if (image.run === 'exit') return exitProgram(0);
  if (image.run !== 'server') return trivialProgram(image.run, image.run[0] ?? '') ?? shellProgram(image.run);
  return serverProgram({
    log: image.log,
    stopCode: image.stopCode,
    behaviour: { ports: image.ports, body: image.body, docroot: image.docroot },
  });
}

function binaryProgram(request: ProgramRequest, argv: readonly string[]): Program {
  if (request.isExec && argv.some((arg) => arg === 'quit' || arg === 'stop')) return { ...exitProgram(0), start: stopMain };
  if (request.isExec || argv.slice(1).some((arg) => ONE_SHOT.has(arg))) return exitProgram(0);
  return imageProgram({ ...request.image, run: 'server', ports: [...request.image.ports, ...portsNamed(argv)] });
}

/** `nginx -s quit` and the like: the main process is asked to end. */
const stopMain: Program['start'] = (context) => {
  context.kill(1, 'SIGQUIT');
  context.exit(0);
  return { signal: () => undefined, dispose: () => undefined };
};

/** Arguments that look like a port, e.g. of `python -m http.server 8000`. */
const portsNamed = (argv: readonly string[]): number[] =>
  argv.includes('http.server') ? [Number(argv.find((arg) => /^\d{2,5}$/.test(arg)) ?? 8000)] : [];

const notFound = (path: string): string =>
  path.includes('/') ? `exec: "${path}": stat ${path}: no such file or directory` : `exec: "${path}": executable file not found in $PATH`;

/** How a script answers on ports: as the image's server if it starts it, or any program of an image nobody described. */
function servedBy(script: string, image: ImageFacts): ServerBehaviour | undefined {
  const starts = !image.known || image.binaries.some((binary) => script.includes(binary));
  const port = /\b(?:httpd|http\.server|nc|netcat)\b.*?\b(\d{2,5})\b/.exec(script)?.[1];
  if (!starts && port === undefined) return undefined;
  return { ports: [...image.ports, ...(port === undefined ? [] : [Number(port)])], body: image.body, docroot: starts ? image.docroot : '' };
}

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

function sleepFor(args: readonly string[]): Program | undefined {
  const ms = sleepMs(args);
  return ms === undefined ? undefined : sleepProgram(ms);
}

/** Text as bytes, one character each. */
export const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
