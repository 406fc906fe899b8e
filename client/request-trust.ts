// Whose client certificates are good, and which front proxies may name users: from files, else from the ConfigMap in which API servers tell
// of both. Upstream: `apiserver/pkg/server/options`, `DelegatingAuthenticationOptions`.
import { type ConfigMap, coreKinds } from '../api/index.ts';
import { type Clock, type Logger, type RequestHeaderOptions, UserError } from '../runtime/index.ts';
import { errorFields } from './errors.ts';
import { readText } from './read-text.ts';
import type { ServingOptionValues } from './serving-options.ts';
import type { ApiClient } from './types.ts';

const CONFIG = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
/** How often that is looked at, and how soon again when it could not be. */
const PERIOD_MS = 60_000;
const RETRY_MS = 5_000;

/** Who is believed. */
export interface Trust {
  /** PEM of the authorities of users' certificates. */
  readonly clientCa: string | undefined;
  readonly proxies: RequestHeaderOptions | undefined;
}

export interface TrustParts {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told at first, and whenever it changes. */
  onTrust(trust: Trust): void;
}

/** Finds out who is believed, and goes on with it. */
export class RequestTrust {
  readonly #values: ServingOptionValues;
  readonly #parts: TrustParts;
  readonly #given: Trust;
  #known: string | undefined;

  /** @throws UserError when a file cannot be read. */
  constructor(values: ServingOptionValues, parts: TrustParts) {
    this.#values = values;
    this.#parts = parts;
    this.#given = givenTrust(values);
  }

  /**
   * Goes on until the signal, or returns when there is nothing to look up.
   *
   * @throws UserError when nothing is known, and that is not to be tolerated
   */
  async start(signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
    this.#tell(this.#given);
    const { 'authentication-skip-lookup': skips, 'authentication-tolerate-lookup-failure': tolerates } = this.#values;
    if (skips || (this.#given.clientCa !== undefined && this.#given.proxies !== undefined)) return { ended: Promise.resolve() };
    if (!tolerates) await this.#first(signal);
    return { ended: this.#follow(signal) };
  }

  async #first(signal: AbortSignal): Promise<void> {
    try {
      await this.#lookUp(signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`unable to load configmap based request-header-client-ca-file: ${why}`, { cause: error });
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    while (!signal.aborted) {
      let again = PERIOD_MS;
      try {
        await this.#lookUp(signal);
      } catch (error) {
        if (!signal.aborted) logger.info(errorFields(error), 'it is not known yet whose client certificates are good');
        again = RETRY_MS;
      }
      await clock.sleep(again, signal).catch(() => undefined);
    }
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    const { namespace, name } = CONFIG;
    const { data = {} } = await this.#parts.client.resource<ConfigMap>(coreKinds.configmaps).get(name, { namespace, signal });
    const { clientCa = data['client-ca-file'], proxies = proxiesIn(data) } = this.#given;
    this.#tell({ clientCa, proxies });
  }

  #tell(trust: Trust): void {
    const text = JSON.stringify(trust);
    if (text === this.#known) return;
    this.#known = text;
    this.#parts.onTrust(trust);
  }
}

function givenTrust(values: ServingOptionValues): Trust {
  const { 'client-ca-file': clientFile, 'requestheader-client-ca-file': proxyFile } = values;
  return {
    clientCa: clientFile === undefined ? undefined : readText('client-ca-file', clientFile),
    proxies: proxyFile === undefined ? undefined : { ca: readText('requestheader-client-ca-file', proxyFile), ...headersOf(values) },
  };
}

const headersOf = (values: ServingOptionValues): Omit<RequestHeaderOptions, 'ca'> => ({
  allowedNames: values['requestheader-allowed-names'],
  usernameHeaders: values['requestheader-username-headers'],
  uidHeaders: values['requestheader-uid-headers'],
  groupHeaders: values['requestheader-group-headers'],
  extraHeaderPrefixes: values['requestheader-extra-headers-prefix'],
});

function proxiesIn(data: Readonly<Record<string, string>>): RequestHeaderOptions | undefined {
  const ca = data['requestheader-client-ca-file'];
  if (ca === undefined || ca === '') return undefined;
  return {
    ca,
    allowedNames: listIn(data, 'requestheader-allowed-names'),
    usernameHeaders: listIn(data, 'requestheader-username-headers'),
    uidHeaders: listIn(data, 'requestheader-uid-headers'),
    groupHeaders: listIn(data, 'requestheader-group-headers'),
    extraHeaderPrefixes: listIn(data, 'requestheader-extra-headers-prefix'),
  };
}

/** Lists stand there as JSON. */
function listIn(data: Readonly<Record<string, string>>, key: string): readonly string[] {
  const list: unknown = JSON.parse(data[key] || '[]');
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) throw new Error(`${key} is no list of texts: ${data[key]}`);
  return list;
}
