export { type Clock, systemClock, type Timer, VirtualClock } from './clock.ts';
export { createLogger, LOG_LEVELS, type Logger, silentLogger } from './logger.ts';
export {
  helpText,
  OptionError,
  type OptionSpec,
  type OptionTable,
  type OptionType,
  type OptionValues,
  option,
  type ParsedOptions,
  parseDuration,
  parseOptions,
} from './options.ts';
export { type Random, randomSuffix, seededRandom, systemRandom } from './random.ts';
export { EXIT, type ReadyMessage, runMain, type Service, UserError } from './service.ts';
