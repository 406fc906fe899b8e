import type { SimulatedContainer } from '../container.ts';
import type { ServerBehaviour } from '../program.ts';
import { ImageListener } from './image-listener.ts';
import type { Listener } from './listener.ts';

/** The ports that one container listens on: those of its main program, and those that its processes opened. */
export class ContainerSockets {
  readonly #container: SimulatedContainer;
  readonly #open = new Map<number, Listener>();

  constructor(container: SimulatedContainer) {
    this.#container = container;
  }

  listen(port: number, listener: Pick<Listener, 'http' | 'stream'>): { close(): void } {
    this.#open.set(port, listener);
    return { close: () => this.#open.delete(port) };
  }

  listenerOn(port: number, server: ServerBehaviour | undefined): Listener | undefined {
    const opened = this.#open.get(port);
    if (opened) return opened;
    return server && this.portsOf(server).includes(port) ? new ImageListener(this.#container, server.facts, port) : undefined;
  }

  /**
   * The ports of a server: its own and those that the container declares, for nobody told us what an image's flags mean; only the
   * declared ones when the container gives it another configuration.
   */
  portsOf(server: ServerBehaviour): readonly number[] {
    const { config, image } = this.#container;
    if (config.ports.length === 0) return server.ports;
    const declared = config.ports.filter(({ protocol }) => protocol === 'TCP').map(({ containerPort }) => containerPort);
    const isConfigured = image.configs.some((path) => config.mounts.some(({ containerPath }) => overlaps(containerPath, path)));
    const own = isConfigured && declared.length > 0 ? [] : server.ports.filter((port) => !declared.includes(port));
    return own.length === 0 ? declared : [...own, ...declared];
  }
}

const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
