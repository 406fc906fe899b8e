import { normalizePath } from '../files/tree.ts';
import { readOptions } from './command-options.ts';
import { BadFormat, dumpText, readHexFormat } from './hexdump-format.ts';
import { stdinOf } from './io.ts';
import { type CommandFunction, complain } from './shell-context.ts';

const VALUES: ReadonlySet<string> = new Set(['n', 's', 'e']);
/** The formats that letters stand for, each with the offset at its end. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  b: ['"%07.7_Ax\n"', '"%07.7_ax " 16/1 "%03o " "\n"'],
  c: ['"%07.7_Ax\n"', '"%07.7_ax " 16/1 "%3_c " "\n"'],
  C: ['"%08.8_Ax\n"', '"%08.8_ax  " 8/1 "%02x " "  " 8/1 "%02x "', '"  |" 16/1 "%_p" "|\n"'],
  d: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "  %05u " "\n"'],
  o: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 " %06o " "\n"'],
  x: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "   %04x " "\n"'],
};
const WORDS: readonly string[] = ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "%04x " "\n"'];

/** `hexdump [-bcCdoxv] [-e FORMAT]… [-n BYTES] [-s SKIP] [FILE…]`: bytes as formats say; in hexadecimal words of two unless one is given. */
export const hexdump: CommandFunction = async (context) => {
  const { args, host, state, fds, stdout } = context;
  const { values, operands, all } = readOptions(args, VALUES);
  const named = [...values.keys()].flatMap((name) => NAMED[name] ?? []);
  const asked = [...named, ...all('e')];
  try {
    const formats = (asked.length > 0 ? asked : WORDS).map(readHexFormat);
    const files = await host.files();
    const pieces = await Promise.all(
      operands.map(async (name) => (await files.readFile(normalizePath(name, state.cwd))).toString('latin1')),
    );
    const whole = operands.length > 0 ? pieces.join('') : await stdinOf(fds).readAll();
    const skipped = Number(values.get('s') ?? 0);
    const end = values.has('n') ? skipped + Number(values.get('n')) : undefined;
    const data = Buffer.from(whole.slice(skipped, end), 'latin1');
    for (const text of dumpText({ formats, data, skipped, isVerbose: values.has('v') })) await stdout.write(text);
    return 0;
  } catch (error) {
    if (!(error instanceof BadFormat)) throw error;
    return await complain(context, `hexdump: ${error.message}`);
  }
};
