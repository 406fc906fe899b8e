import { type Clock, systemClock } from './clock.ts';
import { HeapGrowth } from './heap-growth.ts';
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

/** Whoever gives an option that changes nothing is told so. */
function tellInert(options: OptionTable, given: ReadonlySet<string>, logger: Logger): void {
  for (const name of given) {
    const why = options[name]?.inert;
    if (why !== undefined) logger.info({ option: `--${name}`, why }, 'option has no effect here');
  }
}
