import type { Clock, Random } from '../../../runtime/index.ts';
import type { OutputStream } from '../cri.ts';
import type { SimulatedContainer } from './container.ts';
import type { ContainerFiles } from './files/container-files.ts';
import type { ImageFacts } from './image-catalog.ts';
import type { HttpAnswer, ProcessContext, ProcessInfo } from './program.ts';
import type { Sandbox } from './sandbox.ts';

/** What differs between the processes of a container. */
export interface ProcessParts {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly isInit: boolean;
  readonly startedAt: number;
  readonly tty: boolean;
  readonly stdin: AsyncIterable<string> | undefined;
  readonly output: (stream: OutputStream, text: string) => void;
  readonly exit: (code: number) => void;
}

/** A process of a container: one object, for there are hundreds of thousands of them. */
export class ContainerProcess implements ProcessContext {
  readonly #container: SimulatedContainer;
  readonly #sandbox: Sandbox;
  readonly #parts: ProcessParts;

  constructor(container: SimulatedContainer, sandbox: Sandbox, parts: ProcessParts) {
    this.#container = container;
    this.#sandbox = sandbox;
    this.#parts = parts;
  }

  get clock(): Clock {
    return this.#sandbox.host.clock;
  }

  get random(): Random {
    return this.#sandbox.host.random;
  }

  get argv(): readonly string[] {
    return this.#parts.argv;
  }

  get pid(): number {
    return this.#parts.pid;
  }

  get isInit(): boolean {
    return this.#parts.isInit;
  }

  get startedAt(): number {
    return this.#parts.startedAt;
  }

  get tty(): boolean {
    return this.#parts.tty;
  }

  get stdin(): AsyncIterable<string> | undefined {
    return this.#parts.stdin;
  }

  get hostname(): string {
    return this.#sandbox.config.hostname;
  }

  get ip(): string {
    return this.#sandbox.ip;
  }

  get workingDir(): string {
    return this.#container.workingDir;
  }

  get image(): ImageFacts {
    return this.#container.image;
  }

  environment(): Promise<ReadonlyMap<string, string>> {
    return this.#container.environment();
  }

  files(): Promise<ContainerFiles> {
    return this.#container.files();
  }

  output(stream: OutputStream, text: string): void {
    this.#parts.output(stream, text);
  }

  exit(code: number): void {
    this.#parts.exit(code);
  }

  processes(): readonly ProcessInfo[] {
    return this.#sandbox.processesOf(this.#container.id);
  }

  kill(pid: number, signal: string): boolean {
    return this.#sandbox.kill(this.#container.id, pid, signal);
  }

  fetch(url: URL): Promise<HttpAnswer> {
    return this.#sandbox.fetch(url);
  }
}
