import type { SimulatedContainer } from '../container.ts';
import type { ServerBehaviour } from '../program.ts';
import { RequestLoad } from '../request-load.ts';
import { ImageListener } from './image-listener.ts';
import type { DatagramListener, Listener, Protocol } from './listener.ts';
import { isTaken } from './listeners.ts';

/** What takes connections on a port; UDP has none. */
export type StreamProtocol = 'TCP' | 'SCTP';

/** A port that somebody listens on. */
export interface ListeningPort {
  readonly protocol: Protocol;
  readonly port: number;
}

/** A port that a process listens on, until it closes it. */
export interface OpenSocket {
  close(): void;
}

/** The ports that one container listens on: those of its main program, and those that its processes opened. */
export class ContainerSockets {
  readonly #container: SimulatedContainer;
  readonly #keep: (opened: ContainerSockets) => void;
  readonly #open = new Map<string, Listener>();
  readonly #datagrams = new Map<number, DatagramListener>();
  #load: RequestLoad | undefined;

  /** @param keep called when a process opens a port, or has worked for a request: until then there is nothing to remember */
  constructor(container: SimulatedContainer, keep: (opened: ContainerSockets) => void) {
    this.#container = container;
    this.#keep = keep;
  }

  /** A process of the container listens on a port, unless it is taken. */
  listen(port: number, listener: Listener, protocol: StreamProtocol): OpenSocket | undefined {
    if (isTaken(port, protocol, this.#container) || this.listenerOn(port, protocol)) return undefined;
    const key = `${protocol}/${port}`;
    this.#open.set(key, listener);
    this.#keep(this);
    return { close: () => this.#open.delete(key) };
  }

  /** As `listen`, for datagrams. */
  listenForDatagrams(port: number, listener: DatagramListener): OpenSocket | undefined {
    if (isTaken(port, 'UDP', this.#container) || this.datagramListenerOn(port)) return undefined;
    this.#datagrams.set(port, listener);
    this.#keep(this);
    return { close: () => this.#datagrams.delete(port) };
  }

  /** A request has taken so many milliseconds of a processor. */
  worked(costMs: number): void {
    this.#load ??= new RequestLoad(this.#container);
    this.#load.add(costMs);
    this.#keep(this);
  }

  /** Who takes connections on a port. */
  listenerOn(port: number, protocol: StreamProtocol): Listener | undefined {
    const opened = this.#open.get(`${protocol}/${port}`);
    if (opened || protocol !== 'TCP') return opened;
    const { server } = this.#container;
    if (!server || !this.portsOf(server).includes(port)) return undefined;
    return server.listener?.(port) ?? new ImageListener(this.#container, server.facts, port);
  }

  /** All of its ports. */
  listening(): ListeningPort[] {
    const { server } = this.#container;
    const opened = [...this.#open.keys()].map((key): ListeningPort => {
      const [protocol, port] = key.split('/');
      return { protocol: protocol === 'SCTP' ? 'SCTP' : 'TCP', port: Number(port) };
    });
    const own = (server ? this.portsOf(server) : []).filter((port) => !this.#open.has(`TCP/${port}`));
    return [
      ...opened,
      ...own.map((port): ListeningPort => ({ protocol: 'TCP', port })),
      ...[...this.#datagrams.keys()].map((port): ListeningPort => ({ protocol: 'UDP', port })),
    ];
  }

  /** Who takes datagrams on a port. */
  datagramListenerOn(port: number): DatagramListener | undefined {
    return this.#datagrams.get(port);
  }

  /**
   * The ports of a server: its own and those that the container declares, for nobody told us what an image's flags mean; only the
   * declared ones when the container gives it another configuration.
   */
  portsOf(server: ServerBehaviour): readonly number[] {
    const { config, image } = this.#container;
    if (config.ports.length === 0 || server.isExact) return server.ports;
    const declared = config.ports.filter(({ protocol }) => protocol === 'TCP').map(({ containerPort }) => containerPort);
    const isConfigured = image.configs.some((path) => config.mounts.some(({ containerPath }) => overlaps(containerPath, path)));
    const own = isConfigured && declared.length > 0 ? [] : server.ports.filter((port) => !declared.includes(port));
    return own.length === 0 ? declared : [...own, ...declared];
  }
}

/** Whether one of two paths is in the other. */
export const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
