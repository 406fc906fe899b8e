import type { Command } from './ast.ts';

/** Options that `set` turns on and off. */
export type ShellOption = 'errexit' | 'nounset' | 'xtrace' | 'pipefail' | 'noglob';

/** A job in the background. */
export interface Job {
  readonly pid: number;
  readonly done: Promise<number>;
}

/** What a shell knows; a subshell gets a copy. */
export class ShellState {
  readonly variables: Map<string, string>;
  /** bash's arrays; what has the index 0 is a variable too. */
  readonly arrays: Map<string, Map<string, string>>;
  /** Arrays whose indices are texts. */
  readonly associative: Set<string>;
  readonly exported: Set<string>;
  readonly readOnly: Set<string>;
  readonly functions: Map<string, Command>;
  readonly options: Set<ShellOption>;
  readonly traps: Map<string, string>;
  readonly jobs = new Map<number, Job>();
  positional: readonly string[];
  name: string;
  cwd: string;
  status = 0;
  lastJob = 0;
  /** Values that `local` hides, by function call. */
  readonly locals: Map<string, string | undefined>[] = [];

  constructor(parent?: ShellState) {
    this.variables = new Map(parent?.variables);
    this.arrays = new Map([...(parent?.arrays ?? [])].map(([name, elements]) => [name, new Map(elements)]));
    this.associative = new Set(parent?.associative);
    this.exported = new Set(parent?.exported);
    this.readOnly = new Set(parent?.readOnly);
    this.functions = new Map(parent?.functions);
    this.options = new Set(parent?.options);
    this.traps = new Map();
    this.positional = parent?.positional ?? [];
    this.name = parent?.name ?? 'sh';
    this.cwd = parent?.cwd ?? '/';
    this.status = parent?.status ?? 0;
    this.lastJob = parent?.lastJob ?? 0;
  }

  /** The variables that commands see. */
  environment(extra: ReadonlyMap<string, string> = new Map()): Map<string, string> {
    const exported = [...this.exported].flatMap((name): [string, string][] => {
      const value = this.variables.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    return new Map([...exported, ...extra]);
  }

  set(name: string, value: string): void {
    if (this.readOnly.has(name)) throw new ShellError(`${name}: is read only`, 2);
    this.variables.set(name, value);
    this.arrays.get(name)?.set('0', value);
  }
}

/** An error that ends a command, with its exit code. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What leaves loops, functions and the shell before their end. */
export class ControlFlow extends Error {
  override readonly name = 'ControlFlow';
  readonly kind: 'break' | 'continue' | 'return' | 'exit';
  /** Loops to leave, or the exit code. */
  value: number;

  constructor(kind: ControlFlow['kind'], value: number) {
    super(kind);
    this.kind = kind;
    this.value = value;
  }
}
