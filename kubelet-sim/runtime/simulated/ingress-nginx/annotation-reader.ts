import { parseCidr, parseIp } from '../../../../api/index.ts';
import { listOf, parseTruth } from './settings.ts';

/** A value that the controller does not take: the Ingress is refused, or not looked at. The message is upstream's. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';
}

/** Whether a value may be. */
export type Validator = (value: string) => boolean;

// The characters that values may have (upstream `internal/ingress/annotations/parser/validators.go`).
const ALPHA_NUMERIC = String.raw`\-\.\_\~a-zA-Z0-9\/:`;
const REGEX_CHARS = String.raw`\^\$\[\]\(\)\{\}\*\+\?\|&=\\`;
const URL_CHARS = String.raw`,:\?&=`;

const matching =
  (pattern: RegExp, ignoresSpaces = false): Validator =>
  (value) => {
    const text = ignoresSpaces ? value.replaceAll(' ', '') : value;
    return pattern.test(text) && !/[\r\n]/.test(text);
  };
const oneOf =
  (options: readonly string[], isCaseSensitive = true): Validator =>
  (value) =>
    options.includes(isCaseSensitive ? value.trim() : value.trim().toLowerCase());

const SERVER_NAME = new RegExp(`^[/${ALPHA_NUMERIC}${REGEX_CHARS}]*$`);
const isServerName: Validator = (value) => SERVER_NAME.test(value.trim());

/** What values of some kind may be. */
export const valid = {
  any: () => true,
  truth: (value: string) => parseTruth(value) !== undefined,
  integer: matching(/^[+-]?\d+$/),
  basic: matching(new RegExp(`^[/${ALPHA_NUMERIC}]*$`), true),
  withSpaces: matching(new RegExp(`^[/${ALPHA_NUMERIC} ]*$`)),
  regex: matching(SERVER_NAME),
  pathWithCapture: matching(new RegExp(String.raw`^/?[${ALPHA_NUMERIC}\/\$]*$`)),
  url: matching(new RegExp(`^[${ALPHA_NUMERIC}${URL_CHARS}]*$`)),
  urlWithVariables: matching(new RegExp(`^[${ALPHA_NUMERIC}, ${URL_CHARS}$]*$`)),
  headers: matching(/^[A-Za-z0-9-_, ]*$/, true),
  size: matching(/^\d+[bkmg]?$/i, true),
  corsOrigin: matching(/^(((([a-z]+:\/\/)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?|null)+)|\*)?$/, true),
  corsMethods: matching(/^([A-Za-z]+,?\s?)+$/, true),
  corsExposed: matching(/^(([A-Za-z0-9\-_]+|\*),?\s?)+$/, true),
  httpErrors: matching(/^[0-9,]+$/, true),
  cookieTime: matching(/(^0|-?[1-9]\d*$)/, true),
  serverName: isServerName,
  serverNames: (value: string) => value.split(',').every(isServerName),
  serviceName: matching(/^[a-z]([-a-z0-9]*[a-z0-9])?$/),
  cidrs: (value: string) => listOf(value).every((one) => Boolean(one.includes('/') ? parseCidr(one) : parseIp(one))),
  authType: matching(/basic|digest/, true),
  authSecretType: matching(/auth-file|auth-map/, true),
  protocol: oneOf(['auto_http', 'http', 'https', 'grpc', 'grpcs', 'fcgi'], false),
  affinity: oneOf(['cookie']),
  affinityMode: oneOf(['balanced', 'persistent']),
  affinityCanary: oneOf(['sticky', 'legacy']),
  sameSite: oneOf(['none', 'lax', 'strict'], false),
} as const satisfies Readonly<Record<string, Validator>>;

export interface ReaderOptions {
  readonly prefix: string;
  readonly validates: boolean;
  /** Told of what is invalid and falls back to its default. */
  readonly warn: (text: string) => void;
}

/** Reads the annotations of one Ingress (upstream `internal/ingress/annotations/parser`). */
export class AnnotationReader {
  readonly #values: Readonly<Record<string, string>>;
  readonly #options: ReaderOptions;

  constructor(values: Readonly<Record<string, string>>, options: ReaderOptions) {
    this.#values = values;
    this.#options = options;
  }

  /** Whether an annotation is there, whatever it says. */
  has(name: string): boolean {
    return this.#values[this.#key(name)] !== undefined;
  }

  /** A text; undefined without one. @throws AnnotationError for an invalid one */
  text(name: string, validator: Validator): string | undefined {
    const value = this.#values[this.#key(name)];
    if (value === undefined || value === '') return undefined;
    if (this.#options.validates && !validator(value)) throw new AnnotationError(`annotation ${this.#key(name)} contains invalid value`);
    const lines = value.split('\n').map((line) => line.trim());
    return lines.join('\n') || undefined;
  }

  /** As `text`, of a whole number. @throws AnnotationError */
  integer(name: string): number | undefined {
    const text = this.text(name, valid.integer);
    return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  }

  /** As `text`, of a yes or no. @throws AnnotationError */
  truth(name: string): boolean | undefined {
    return parseTruth(this.text(name, valid.truth));
  }

  /** What a reading says, or what is usual: an invalid value is only told of. */
  or<T>(usual: T, read: (reader: this) => T | undefined): T {
    try {
      return read(this) ?? usual;
    } catch (error) {
      if (!(error instanceof AnnotationError)) throw error;
      this.#options.warn(`${error.message}, defaulting to '${String(usual)}'`);
      return usual;
    }
  }

  #key(name: string): string {
    return `${this.#options.prefix}/${name}`;
  }
}
