import { type Clock, systemClock } from './clock.ts';
import { HeapGrowth } from './heap-growth.ts';
import { buildInfo, GIT_VERSION } from './kubernetes-version.ts';
import { createLogger, type Logger } from './logger.ts';
import { helpText, OptionError, type OptionTable, type OptionValues, option, parseOptions } from './options.ts';
import { type Random, systemRandom } from './random.ts';
import { runMain, type Service } from './service.ts';
import { levelOf, withLongNames } from './verbosity.ts';

/** Options of every process. */
export const processOptions = {
  'log-level': option.string('Least severe level that is logged.', 'info', { placeholder: 'LEVEL' }),
  v: option.integer(
    "Upstream's measure of how much is logged, -v too: up to 3 is info, from 4 on debug, from 6 on trace; --log-level has precedence.",
    0,
    { placeholder: 'N' },
  ),
  version: option.string('Print the version of Kubernetes, and end; raw for all that is known of it.', undefined, {
    placeholder: '[true|raw]',
  }),
} satisfies OptionTable;

/** What a process runs on. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ProcessSpec<T extends OptionTable & typeof processOptions> {
  /** Name of the sub-command and in the log, such as `scheduler`. */
  readonly name: string;
  /** What it does, in a line. */
  readonly about: string;
  readonly options: T;
  /** @param given the options that stood on the command line, for who has them from a file too. */
  create(values: OptionValues<T>, environment: Environment, given: ReadonlySet<string>): Service | Promise<Service>;
}

/** The `main` of a process folder: reads the options, answers `--help`, makes the service on the machine's clock and runs it. */
export async function processMain<T extends OptionTable & typeof processOptions>(
  spec: ProcessSpec<T>,
  argv: readonly string[],
): Promise<void> {
  const version = versionAsked(argv);
  if (version !== undefined) {
    process.stdout.write(`${version}\n`);
    return;
  }
  let logger: Logger | undefined;
  await runMain(
    () => {
      const { values, help, given, positionals } = parseOptions(spec.options, withLongNames(argv));
      if (help) {
        process.stdout.write(helpText(`nanokube ${spec.name} [OPTIONS]`, spec.about, spec.options));
        process.exit(0);
      }
      const [stray] = positionals;
      if (stray !== undefined) throw new OptionError(`${spec.name} takes no arguments, only options: "${stray}" is none`);
      const { 'log-level': level, v }: OptionValues<typeof processOptions> = values;
      logger = createLogger(spec.name, given.has('log-level') ? level : levelOf(v));
      tellInert(spec.options, given, logger);
      // As long as the process is there.
      new HeapGrowth(systemClock);
      return spec.create(values, { clock: systemClock, random: systemRandom, logger }, given);
    },
    () => logger,
  );
}

/** What is printed for `--version`, which has precedence. Upstream: component-base, `version/verflag/verflag.go`. */
function versionAsked(argv: readonly string[]): string | undefined {
  if (argv.includes('--version') || argv.includes('--version=true')) return `Kubernetes ${GIT_VERSION}`;
  if (!argv.includes('--version=raw')) return undefined;
  const { major, minor, ...rest } = buildInfo();
  const none = { emulationMajor: '', emulationMinor: '', minCompatibilityMajor: '', minCompatibilityMinor: '' };
  const fields = Object.entries({ major, minor, ...none, ...rest });
  return `version.Info{${fields.map(([name, value]) => `${name.charAt(0).toUpperCase()}${name.slice(1)}:${JSON.stringify(value)}`).join(', ')}}`;
}

/** Whoever gives an option that changes nothing is told so. */
function tellInert(options: OptionTable, given: ReadonlySet<string>, logger: Logger): void {
  for (const name of given) {
    const why = options[name]?.inert;
    if (why !== undefined) logger.info({ option: `--${name}`, why }, 'option has no effect here');
  }
}
