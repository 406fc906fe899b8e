import type { Script } from './ast.ts';
import type { Input } from './io.ts';
import { parseScript, parseSoFar } from './parser.ts';

/** Commands as they were read; throws the ShellSyntaxError when they cannot be understood. */
export type ReadCommand = () => Script;

/** Reads commands from an input, each as soon as its last line is there: what it reads itself begins behind it. The prompt is told whether a command goes on. */
export async function* readCommands(input: Input, prompt?: (isMore: boolean) => Promise<void>): AsyncGenerator<ReadCommand> {
  let text = '';
  for (let isOpen = true; isOpen; ) {
    await prompt?.(text !== '');
    const line = await input.readLine();
    isOpen = line?.ended ?? false;
    text += isOpen ? `${line?.text}\n` : (line?.text ?? '');
    const read = parsed(text, isOpen);
    if (!read) continue;
    text = '';
    yield read;
  }
}

function parsed(text: string, isOpen: boolean): ReadCommand | undefined {
  try {
    const script = isOpen ? parseSoFar(text) : parseScript(text);
    return script && (() => script);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
