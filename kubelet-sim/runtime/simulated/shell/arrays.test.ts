import { expect, test } from 'vitest';
import { TestRuntime } from '../../../testing/runtime-harness.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are shell scripts
test.each([
  ['items=(foo bar baz qux xyz); i=3; echo ${items[$i]} ${items[i-1]} ${items[-1]} $items', 'qux baz xyz foo'],
  [
    'a=(one "two three"\n  four # a comment\n); printf "<%s>" "${a[@]}"; echo " ${#a[@]} ${#a[1]} ${a[*]}"',
    '<one><two three><four> 3 9 one two three four',
  ],
  ['a=(x y); a+=(z); a[5]=w; a[0]+=1; echo "${a[@]} / ${!a[@]}"', 'x1 y z w / 0 1 2 5'],
  [
    'a=(a b c d); echo "${a[@]:1:2}" "${a[@]/b/B}"; unset "a[1]"; echo ${#a[@]} ${!a[*]}; unset a; echo "${a[@]:-none}"',
    'b c a B c d\n3 0 2 3\nnone',
  ],
  [
    'declare -A m=([red]=1 ["dark blue"]=2); m[green]=3; k=red; echo ${m[$k]} ${m[dark blue]} ${#m[@]}; for k in "${!m[@]}"; do echo "$k"; done',
    '1 2 3\nred\ndark blue\ngreen',
  ],
  ['f() { local -a l=(1 2 3); readonly R=(r s); echo ${l[2]} ${R[1]}; }; f', '3 s'],
  ['IFS=, read -ra p <<< "a,b c,d"; echo "${p[1]}"; mapfile -t l <<< "$(printf "1\\n2\\n")"; echo ${#l[@]} ${l[1]}', 'b c\n2 2'],
  ['v=plain; echo ${v[0]} ${#v[@]}; echo $(a=(in sub); echo ${a[1]}) ${a[1]-unset}', 'plain 1\nsub unset'],
  ['for i in "${none[@]}"; do echo never; done; a=($(echo 1 2 3)); echo ${#a[@]}; [[ ${a[1]} == 2 ]] && echo yes', '3\nyes'],
  [
    'for ((i = 0; i < 5; i++)); do [ $i = 1 ] && continue; [ $i = 4 ] && break; echo $i; done; ((i > 3)) && echo $((i * 2)); ((0)) || echo zero',
    '0\n2\n3\n8\nzero',
  ],
  ['echo {1..3} a{b,c}d {01..03} {c..a} {0..6..3} x{1,{2,3}} {} {a} "{1,2}"', '1 2 3 abd acd 01 02 03 c b a 0 3 6 x1 x2 x3 {} {a} {1,2}'],
  [
    'x=NAME; NAME=v; echo ${!x}; set --; for y in "$@"; do echo never; done; echo "a  b" | while IFS= read -r l; do echo "[$l]"; done',
    'v\n[a  b]',
  ],
  [
    'seq 4 | xargs -n2 echo; echo a b | xargs -I{} echo "<{}>"; printf "a\\0b c\\0" | xargs -0 -n 1 echo; sleep 50 & echo $! | xargs kill; wait $!; echo $?; echo "1 \'2 3\'" | xargs -t printf "%s;"; echo',
    '1 2\n3 4\n<a b>\na\nb c\n143\n!printf %s; 1 2 3\n1;2 3;',
  ],
])('bash: %s: %s', async (script, text) => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image: 'rockylinux', script: 'sleep 100' });
  expect(await node.say(id, script)).toBe(`${text}\n`);
});

test('the shells of Debian and busybox leave braces alone', async () => {
  const node = new TestRuntime();
  for (const image of ['debian', 'busybox'])
    expect(await node.say(await node.start(node.sandbox(), { image, script: 'sleep 100' }), 'echo {1..3}; bash -c "echo {1..3}"')).toBe(
      '{1..3}\n1 2 3\n',
    );
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are shell scripts
