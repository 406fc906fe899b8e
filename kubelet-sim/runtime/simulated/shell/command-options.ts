/** The options of a command line, read as getopt does. */
export interface CommandOptions {
  /** Values of options that take one, the last given; `''` for those that take none. Short and long names without their dashes. */
  readonly values: ReadonlyMap<string, string>;
  /** All values of options that may be given several times. */
  readonly all: (name: string) => readonly string[];
  /** What is no option. */
  readonly operands: readonly string[];
}

/** Reads options; `takesValue` names those that a value follows. */
export function readOptions(args: readonly string[], takesValue: ReadonlySet<string>): CommandOptions {
  const given: [string, string][] = [];
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') operands.push(...rest.splice(0));
    else if (arg.startsWith('--')) given.push(readLong(arg, rest, takesValue));
    else if (arg.startsWith('-') && arg !== '-') given.push(...readShort(arg, rest, takesValue));
    else operands.push(arg);
  }
  const values = new Map(given);
  return { values, all: (name) => given.filter(([key]) => key === name).map(([, value]) => value), operands };
}

function readLong(arg: string, rest: string[], takesValue: ReadonlySet<string>): [string, string] {
  const equals = arg.indexOf('=');
  if (equals >= 0) return [arg.slice(2, equals), arg.slice(equals + 1)];
  const name = arg.slice(2);
  return [name, takesValue.has(name) ? (rest.shift() ?? '') : ''];
}

function readShort(arg: string, rest: string[], takesValue: ReadonlySet<string>): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 1; i < arg.length; i++) {
    const name = arg.charAt(i);
    if (!takesValue.has(name)) found.push([name, '']);
    else {
      const attached = arg.slice(i + 1);
      found.push([name, attached === '' ? (rest.shift() ?? '') : attached]);
      break;
    }
  }
  return found;
}
