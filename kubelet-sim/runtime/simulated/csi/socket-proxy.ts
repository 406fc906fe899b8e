import type { Duplex } from 'node:stream';
import { commandLineOption } from '../command-line.ts';
import { listenOnSocket } from '../files/sockets.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { klogTo } from '../in-cluster/klog.ts';
import type { OpenSocket } from '../network/container-sockets.ts';
import type { ByteStream } from '../network/listener.ts';
import type { ProcessContext, Program } from '../program.ts';
import { ServingProgram } from '../serving-program.ts';
import { rawListener } from '../shell/nc.ts';

const EXIT_FAILED = 1;

/** A connection to the port, until it is over; what comes before it is joined waits. */
class PortConnection {
  readonly #stream: ByteStream;
  readonly #early: Buffer[] = [];
  #other: Duplex | undefined;
  /** Resolves when either side has ended. */
  readonly over: Promise<void>;
  #end: () => void = () => undefined;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#forward()
      .catch(() => undefined) // its client has gone
      .finally(() => (this.#other ? this.#other.end() : this.#end()));
  }

  async #forward(): Promise<void> {
    for await (const text of this.#stream.input) {
      const bytes = Buffer.from(text, 'latin1');
      if (this.#other) this.#other.write(bytes);
      else this.#early.push(bytes);
    }
  }

  join(other: Duplex): void {
    this.#other = other;
    for (const bytes of this.#early.splice(0)) other.write(bytes);
    other.on('data', (chunk: Buffer) => this.#stream.output(chunk.toString('latin1')));
    other.on('end', () => this.#end());
    other.on('close', () => this.#end());
  }

  close(): void {
    this.#end();
  }
}

/**
 * `hostpathplugin --endpoint SOCKET --proxy-endpoint tcp://:PORT`: joins each connection to the socket with one to the port, so that a driver
 * which runs elsewhere, and connects to the port, is reached by the socket. Upstream: `internal/proxy` of `kubernetes-csi/csi-driver-host-path`.
 *
 * ```
 *   kubelet ──► socket ──┐ one of those that wait       ┌── port ◄── the driver's connections, made in advance
 *                        └──────────── joined ──────────┘
 * ```
 */
export const socketProxy = (argv: readonly string[]): Program => ({ start: (context) => new RunningProxy(context, argv) });

class RunningProxy extends ServingProgram {
  /** On either side, what waits for its other half; never both. */
  readonly #sockets: Duplex[] = [];
  #ports: PortConnection[] = [];
  readonly #joined = new Set<Duplex>();
  #port: OpenSocket | undefined;
  #stop: (() => void) | undefined;

  constructor(context: ProcessContext, argv: readonly string[]) {
    super(context);
    this.#listen(argv).catch((error: unknown) => {
      klogTo(context)('F', `main.go:140] ${messageOf(error)}`);
      this.exit(EXIT_FAILED);
    });
  }

  async #listen(argv: readonly string[]): Promise<void> {
    const endpoint = commandLineOption(argv, 'endpoint') || 'unix:///tmp/csi.sock';
    const proxied = commandLineOption(argv, 'proxy-endpoint');
    const port = Number(/^tcp:\/\/.*:(\d+)$/.exec(proxied)?.[1]);
    if (!port) throw new Error(`invalid endpoint: ${proxied}`);
    const path = endpoint.replace(/^unix:\/\//, '');
    const files = await this.context.files();
    // What a driver of before has left there is nobody's.
    await files.rm(path, { force: true });
    const stop = await listenOnSocket(files, path, { accept: (connection) => this.#fromSocket(connection) });
    if (this.isDone) return stop();
    this.#stop = stop;
    this.#port = this.context.listen(
      port,
      rawListener((stream) => this.#fromPort(stream)),
    );
    if (!this.#port) throw new Error(`listen tcp :${port}: bind: address already in use`);
    klogTo(this.context)('I', `proxy.go:62] proxy listening on ${endpoint} and ${proxied}`);
  }

  #fromSocket(connection: Duplex): void {
    connection.on('error', () => undefined); // 'close' follows
    const waiting = this.#ports.shift();
    if (waiting) this.#join(connection, waiting);
    else this.#sockets.push(connection);
  }

  async #fromPort(stream: ByteStream): Promise<void> {
    const arrived = new PortConnection(stream);
    const connection = this.#sockets.shift();
    if (connection) this.#join(connection, arrived);
    else this.#ports.push(arrived);
    await arrived.over;
    this.#ports = this.#ports.filter((one) => one !== arrived);
  }

  #join(connection: Duplex, arrived: PortConnection): void {
    this.#joined.add(connection);
    connection.on('close', () => this.#joined.delete(connection));
    arrived.join(connection);
  }

  protected override close(): void {
    this.#stop?.();
    this.#port?.close();
    for (const connection of [...this.#sockets, ...this.#joined]) connection.destroy();
    for (const waiting of this.#ports) waiting.close();
  }
}
