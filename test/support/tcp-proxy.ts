/** A way to a server that can be cut, closed and blocked. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy implements AsyncDisposable {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refuses = false;
  #blocked = false;
  #passed = 0;
  /** What is kept back, in the order it came. */
  readonly #held: (() => void)[] = [];

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @param url of the server that is behind it. */
  static async open(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `${this.#target.protocol}//127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  /** How many pieces got through. */
  get passed(): number {
    return this.#passed;
  }

  /** How many pieces came since it is blocked. */
  get held(): number {
    return this.#held.length;
  }

  #accept(socket: Socket): void {
    if (this.#refuses) {
      socket.destroy();
      return;
    }
    const behind = connect(Number(this.#target.port), this.#target.hostname);
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('data', (bytes) => this.#take(() => other.write(bytes)));
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  #take(pass: () => void): void {
    if (this.#blocked) {
      this.#held.push(pass);
      return;
    }
    this.#passed += 1;
    pass();
  }

  /** Breaks every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every connection, and takes none. */
  close(): void {
    this.#refuses = true;
    this.cut();
  }

  /** Takes connections again. */
  reopen(): void {
    this.#refuses = false;
  }

  /** Nothing gets through any more, and nobody is told. */
  block(): void {
    this.#blocked = true;
  }

  unblock(): void {
    this.#blocked = false;
    for (const pass of this.#held.splice(0)) this.#take(pass);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
