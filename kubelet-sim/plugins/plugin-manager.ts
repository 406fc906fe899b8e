import { Channel } from '../../runtime/grpc.ts';
import type { Clock, Logger, Random, Timer } from '../../runtime/index.ts';
import type { NodeSockets } from '../runtime/node-sockets.ts';
import { type PluginInfo, REGISTRATION } from './registration.ts';

/** How often what is wanted is compared with what is. Upstream: `loopSleepDuration`, `pkg/kubelet/pluginmanager/plugin_manager.go`. */
const LOOP_MS = 1000;
/** How long a driver has to take a connection, to say who it is, and to hear what became of it. */
const DIAL_MS = 10_000;
const GET_INFO_MS = 1000;
const NOTIFY_MS = 5000;
/** Waits after failures. Upstream: `pkg/util/goroutinemap/exponentialbackoff`. */
const BACKOFF_MS = { first: 500, max: 122_000 };

/** What becomes of drivers of one type. */
export interface PluginHandler {
  /** @throws Error why drivers like this one are not taken */
  validate(name: string, endpoint: string, versions: readonly string[]): void;
  /** @throws Error why this one is not */
  register(name: string, endpoint: string, versions: readonly string[]): Promise<void> | void;
  deregister(name: string, endpoint: string): void;
}

/** What a plugin manager works with. */
export interface PluginWorld {
  readonly sockets: NodeSockets;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Registered {
  /** Which making of the socket it was. */
  readonly token: number;
  readonly handler: PluginHandler;
  readonly name: string;
  readonly endpoint: string;
}

/** One socket in the directory of registrations. */
interface Place {
  /** The newest making of the socket; undefined when it is gone. */
  wanted: number | undefined;
  registered: Registered | undefined;
  isBusy: boolean;
  backoffMs: number;
  notBefore: number;
}

/**
 * Registers the drivers whose sockets appear in a node's directory of registrations, and lets go of those whose sockets disappear.
 *
 * ```
 *   socket made ──► wanted ──each second──► GetInfo ──► validate ──► register ──► NotifyRegistrationStatus
 *   socket gone ──► not wanted ───────────► deregister               each failure doubles the wait before the next try
 * ```
 *
 * Upstream: `pkg/kubelet/pluginmanager`, with its reconciler and operation executor.
 */
export class PluginManager {
  readonly #world: PluginWorld;
  readonly #handlers: Readonly<Record<string, PluginHandler>>;
  readonly #places = new Map<string, Place>();
  #tokens = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  /** @param handlers by the types that drivers name, e.g. `DRAPlugin` */
  constructor(world: PluginWorld, handlers: Readonly<Record<string, PluginHandler>>) {
    this.#world = world;
    this.#handlers = handlers;
  }

  /** A socket has come, or gone. */
  changed(path: string, isThere: boolean): void {
    if (path.slice(path.lastIndexOf('/') + 1).startsWith('.')) return;
    const place = this.#places.get(path) ?? { wanted: undefined, registered: undefined, isBusy: false, backoffMs: 0, notBefore: 0 };
    this.#places.set(path, place);
    place.wanted = isThere ? ++this.#tokens : undefined;
    this.#later();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#world.clock.setTimer(LOOP_MS, () => {
      this.#timer = undefined;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    const now = this.#world.clock.monotonic();
    for (const [path, place] of this.#places) {
      const { wanted, registered } = place;
      if (wanted === registered?.token) {
        if (wanted === undefined && !place.isBusy) this.#places.delete(path);
        continue;
      }
      this.#later();
      if (place.isBusy || now < place.notBefore) continue;
      if (registered) this.#deregister(place, registered);
      else if (wanted !== undefined) this.#begin(path, place, wanted);
    }
  }

  #deregister(place: Place, { handler, name, endpoint }: Registered): void {
    place.registered = undefined;
    handler.deregister(name, endpoint);
  }

  #begin(path: string, place: Place, token: number): void {
    const { clock, logger } = this.#world;
    place.isBusy = true;
    this.#register(path, place, token)
      .then(() => {
        place.backoffMs = 0;
      })
      .catch((error: unknown) => {
        place.backoffMs = Math.min(BACKOFF_MS.max, place.backoffMs * 2 || BACKOFF_MS.first);
        place.notBefore = clock.monotonic() + place.backoffMs;
        logger.info({ err: error, path, delayMs: place.backoffMs }, 'plugin not registered, will retry');
      })
      .finally(() => {
        place.isBusy = false;
        this.#later();
      });
  }

  /** Upstream: `GenerateRegisterPluginFunc`, `pkg/kubelet/pluginmanager/operationexecutor/operation_generator.go`. */
  async #register(path: string, place: Place, token: number): Promise<void> {
    const { sockets, clock, random } = this.#world;
    const channel = new Channel({ dial: () => sockets.dial(path), clock, random });
    const notify = async (error: string) => {
      await channel.call(REGISTRATION.notifyRegistrationStatus, { pluginRegistered: error === '', error }, NOTIFY_MS);
      if (error !== '') throw new Error(error);
    };
    try {
      await channel.connected(DIAL_MS).catch(() => {
        throw new Error(
          `RegisterPlugin error -- dial failed at socket ${path}, err: failed to dial socket ${path}, err: context deadline exceeded`,
        );
      });
      const { type, name, endpoint: own, supportedVersions } = await this.#ask(channel, path);
      const handler = this.#handlers[type];
      if (!handler) return await notify(`RegisterPlugin error -- no handler registered for plugin type: ${type} at socket ${path}`);
      const endpoint = own || path;
      const invalid = await failureOf(() => handler.validate(name, endpoint, supportedVersions));
      if (invalid !== undefined) return await notify(`RegisterPlugin error -- plugin validation failed with err: ${invalid}`);
      // Known before it is registered: should its socket go meanwhile, it is let go of.
      place.registered = { token, handler, name, endpoint };
      const refused = await failureOf(() => handler.register(name, endpoint, supportedVersions));
      await notify(refused === undefined ? '' : `RegisterPlugin error -- plugin registration failed with err: ${refused}`);
    } finally {
      channel.close();
    }
  }

  async #ask(channel: Channel, path: string): Promise<PluginInfo> {
    try {
      return await channel.call(REGISTRATION.getInfo, {}, GET_INFO_MS);
    } catch (error) {
      throw new Error(`RegisterPlugin error -- failed to get plugin info using RPC GetInfo at socket ${path}, err: ${textOf(error)}`);
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function failureOf(action: () => Promise<void> | void): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}
