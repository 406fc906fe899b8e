import { expect, test } from 'vitest';
import { TestRuntime } from '../../../testing/runtime-harness.ts';

const WAIT = 'sleep 100000';

/** What hexdump of util-linux 2.38 says. */
const SAID: readonly [string, string][] = [
  [
    "printf 'hello, world\\n\\001abcd' | hexdump -C",
    '00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 01 61 62  |hello, world..ab|\n00000010  63 64                                             |cd|\n00000012\n',
  ],
  ['echo abc | hexdump', '0000000 6261 0a63                              \n0000004\n'],
  [
    "printf 'ab\\0\\001\\n\\tcdefghijklmnopqrs' | hexdump -c",
    '0000000   a   b  \\0 001  \\n  \\t   c   d   e   f   g   h   i   j   k   l\n0000010   m   n   o   p   q   r   s                                    \n0000017\n',
  ],
  ["printf 'abcdefg' | hexdump -e '3 \"%_p\"'", 'abcdefg'],
  ['printf \'abcdefg\' | hexdump -e \'3 "%_p" "\\n"\'', 'abc\ndef\ng\n'],
  [
    'printf \'ab\\0\\001\\n\\tcdefghijklmnopqrs\\377\' | hexdump -e \'"%_ad: " 4/1 "%_u " "|" 2/2 " %d" "\\n"\' -e \'"%_Ax end\\n"\'',
    '0: a b nul soh| 2314 25699\n8: e f g h| 27241 27755\n16: m n o p| 29297 -141\n18 end\n',
  ],
  ['head -c 52 /dev/zero | hexdump -e \'4/4 "%5u." "\\n"\'', '    0.    0.    0.    0.\n*\n    0.     .     .     .\n'],
  ['head -c 32 /dev/zero | hexdump -v -e \'16/1 "%x" "\\n"\'', '0000000000000000\n0000000000000000\n'],
  ["printf '\\001\\200\\377' | hexdump -e '1/1 \"%d \"'", '1 -128 -1 '],
  ['printf \'abcdef\' | hexdump -e \'1/4 "%s;" "\\n"\'; printf abcdef | hexdump -s 2 -n 3 -e \'"%.3s;" "\\n"\'', 'abcd;\nef;\ncde;\n'],
  ['echo abcd | hexdump -e \'x "%q"\' 2>&1; echo $?', 'hexdump: bad format {x "%q"}\n1\n'],
  ['echo abcd | hexdump -e \'1/3 "%d"\' 2>&1; echo $?', 'hexdump: bad byte count for conversion character d\n1\n'],
];

test.each(SAID)('%s', async (line, said) => {
  const node = new TestRuntime();
  expect(await node.say(await node.run(WAIT), line)).toBe(said);
});
