import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '../../../../runtime/index.ts';
import { ContainerFiles } from '../files/container-files.ts';
import { toolDirectory } from '../files/tool-directory.ts';
import { ImageCatalog } from '../image-catalog.ts';
import { parseImageName } from '../image-name.ts';
import { ConnectError } from '../network/listener.ts';
import type { ProcessContext } from '../program.ts';
import { startShell } from './index.ts';

interface Started {
  readonly clock: VirtualClock;
  readonly files: ContainerFiles;
  readonly output: () => string;
  readonly exited: Promise<number>;
  readonly signal: (name: string) => void;
  readonly kill: () => void;
  code(): number | undefined;
}

function start(
  argv: readonly string[],
  options: {
    image?: string;
    files?: Record<string, string>;
    env?: Record<string, string>;
    isInit?: boolean;
    stdin?: string | Readable;
  } = {},
): Started {
  const clock = new VirtualClock();
  const files = new ContainerFiles({ files: options.files ?? {}, mounts: [toolDirectory()], now: () => clock.now() });
  const abort = new AbortController();
  let output = '';
  let exit: number | undefined;
  let lastPid = 1;
  const stdin = options.stdin instanceof Readable ? options.stdin : Readable.from(options.stdin ? [options.stdin] : []);
  const context: ProcessContext = {
    clock,
    random: seededRandom(1),
    argv,
    isInit: options.isInit ?? true,
    isTask: false,
    isMounted: () => false,
    isPrivileged: false,
    nodeFiles: () => Promise.resolve(files),
    loadAppArmorProfiles: () => undefined,
    nodeProcesses: () => [],
    startedAt: clock.now(),
    hostname: 'web-0',
    ip: '10.244.0.7',
    imageTag: 'latest',
    imageFile: () => undefined,
    imageLink: () => undefined,
    mayBind: () => true,
    workingDir: '/',
    tty: false,
    image: new ImageCatalog().factsOf(parseImageName(options.image ?? 'busybox')),
    environment: () => Promise.resolve(new Map(Object.entries({ PATH: '/bin', HOME: '/root', ...options.env }))),
    files: () => Promise.resolve(files),
    stdin,
    outputOfInit: () => undefined,
    can: () => false,
    output: (stream, text) => {
      output += stream === 'stderr' ? `!${text}` : text;
    },
    exit: (code) => {
      exit = code;
      abort.abort();
    },
    processes: () => [{ pid: 1, ppid: 0, argv, startedAt: 0, uid: 0, containerId: '', state: 'running' }],
    kill: () => 'absent',
    pid: 1,
    ppid: 0,
    mainPid: 1,
    user: { uid: 0, gid: 0, supplementalGroups: [0] },
    isReadOnly: false,
    fork: (childArgv) => ({ ...context, argv: childArgv, pid: ++lastPid, ppid: 1, isInit: false, exit: () => undefined }),
    become: () => undefined,
    run: () => undefined,
    listen: () => undefined,
    listening: () => [],
    listenForDatagrams: () => undefined,
    listenAs: () => ({ close: () => undefined }),
    usage: () => ({
      cpu: { usageNanoCores: 0, usageCoreNanoSeconds: 0 },
      memory: { workingSetBytes: 0, usageBytes: 0, rssBytes: 0, pageFaults: 0, majorPageFaults: 0 },
      resources: {},
    }),
    use: () => undefined,
    network: {
      dns: { servers: ['10.96.0.10'], searches: [], options: [] },
      resolve: (name) => Promise.resolve({ name, addresses: ['10.244.0.9'] }),
      answersPing: () => Promise.resolve(true),
      query: () => Promise.resolve([]),
      lookUp: () => Promise.resolve([]),
      send: () => Promise.resolve(undefined),
      dial: (_, port) =>
        port === 81
          ? Promise.reject(new ConnectError('refused', { host: 'web', address: '10.244.0.9', port }))
          : Promise.resolve({
              address: '10.244.0.9',
              port,
              stream: () => Promise.resolve(),
              http: ({ path }) =>
                Promise.resolve(
                  path === '/missing' ? { status: 404, headers: {}, body: '' } : { status: 200, headers: {}, body: 'hello\n' },
                ),
            }),
    },
  };
  const shell = startShell(context, argv, abort.signal);
  const exited = shell.exited.then((code) => {
    exit ??= code;
    return code;
  });
  exited.catch(() => undefined);
  return {
    clock,
    files,
    output: () => Buffer.from(output, 'latin1').toString('utf8'),
    exited,
    signal: shell.signal,
    kill: () => abort.abort(),
    code: () => exit,
  };
}

async function run(script: string, options: Parameters<typeof start>[1] = {}): Promise<{ output: string; code: number }> {
  const started = start(['sh', '-c', script], options);
  const code = await started.exited;
  return { output: started.output(), code };
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are shell scripts
test.each<[string, string]>([
  ['echo hello world', 'hello world\n'],
  ['echo -n a; echo -e "b\\tc"', 'ab\tc\n'],
  ["printf '%s=%03d\\n' a 7 b 8", 'a=007\nb=008\n'],
  ['x=1; y="$x $((x + 2 * 3))"; echo "$y"', '1 7\n'],
  ['for i in 1 2 3; do echo $i; done', '1\n2\n3\n'],
  ['i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i -eq 2 ] && continue; echo $i; done', '1\n3\n'],
  ['until false; do echo once; break; done', 'once\n'],
  ['if [ -f /etc/none ]; then echo yes; elif test 1 = 1; then echo elif; else echo no; fi', 'elif\n'],
  ['case foo.txt in *.md) echo md;; *.txt|*.log) echo text;; *) echo other;; esac', 'text\n'],
  ['f() { local x=2; echo "$1 $x"; return 3; }; x=1; f a; echo $? $x', 'a 2\n3 1\n'],
  ['echo a | cat | tr a b', 'b\n'],
  ['echo "one two" | while read a b; do echo "$b-$a"; done', 'two-one\n'],
  ['(x=2; cd /tmp; echo $x $PWD); echo ${x:-unset} $PWD', '2 /tmp\nunset /\n'],
  ['{ echo a; echo b >&2; } 2>&1', 'a\nb\n'],
  ['echo out > /tmp/f; echo more >> /tmp/f; cat < /tmp/f', 'out\nmore\n'],
  ['cat <<EOF\nhi $((1+1))\nEOF', 'hi 2\n'],
  ["cat <<'EOF'\nhi $HOME\nEOF", 'hi $HOME\n'],
  ['v=a.tar.gz; echo ${v%.gz} ${v%%.*} ${v#*.} ${v##*.} ${#v} ${v/tar/zip}', 'a.tar a tar.gz gz 8 a.zip.gz\n'],
  ['set -- a "b c"; for x in "$@"; do echo "<$x>"; done; echo $#', '<a>\n<b c>\n2\n'],
  ['mkdir -p /d; touch /d/a.txt /d/b.txt /d/c.md; echo /d/*.txt', '/d/a.txt /d/b.txt\n'],
  ['mkdir /a; echo x > /a/f; chmod 751 /a/f; cd /a; tar cf - f > /t; mkdir /b; tar xf /t -C /b; stat -c %a /b/f', '751\n'],
  ['mkdir /a; echo x > /a/f; chmod 751 /a/f; cd /a; tar cf - f > /t; mkdir /b; tar -xmf - -C /b < /t; stat -c %a /b/f', '751\n'],
  [
    'mkdir /a; echo x > /a/f; chmod 751 /a/f; cd /a; tar cf - f > /t; mkdir /b; tar --no-same-permissions --no-same-owner -xmf - -C /b < /t; stat -c %a /b/f',
    '644\n',
  ],
  [
    'mkdir /a; ln -s no /a/l; ln -s /a /d; tar cf /t -C /a l; tar cf /t2 -C /d .; mkdir /b /c; tar xf /t -C /b; tar xf /t2 -C /c; readlink /b/l /c/l',
    'no\nno\n',
  ],
  ['tar cf - nothing > /dev/null', '!tar: nothing: No such file or directory\n'],
  ['echo $(echo "a  b") "$(echo "a  b")"', 'a b a  b\n'],
  ['x=$(false); echo $?; true && echo and || echo or', '1\nand\n'],
  ['! false && echo negated', 'negated\n'],
  ['[[ abc == a* && 5 -gt 3 ]] && echo match', 'match\n'],
  ['seq 3 | head -n 2; yes | head -1', '1\n2\ny\n'],
  ['A=1 env | grep ^A=; echo ${A-none}', 'A=1\nnone\n'],
  ["export B=2; sh -c 'echo $B $0 $1' name arg", '2 name arg\n'],
  ['trap "echo bye" EXIT; echo hi', 'hi\nbye\n'],
  ['date +%Y-%m-%dT%H:%M:%SZ', '2026-01-01T00:00:00Z\n'],
  ['date -d @60 +%M; date foo || echo $?', "01\n!date: invalid date 'foo'\n1\n"],
  ['hostname; hostname -i', 'web-0\n10.244.0.7\n'],
  [
    'mkdir -p /etc; echo "10.244.0.7 web-0.web.ns.svc.cluster.local web-0" > /etc/hosts; hostname -f; hostname -d; hostname -s',
    'web-0.web.ns.svc.cluster.local\nweb.ns.svc.cluster.local\nweb-0\n',
  ],
  ['echo "ü" | grep -c ü; printf "%s\\n" b a | sort', '1\na\nb\n'],
  [
    'wget -qO- http://10.0.0.1/; wget -q -O - http://x/missing || echo failed',
    'hello\n!wget: server returned error: HTTP/1.1 404 Not Found\nfailed\n',
  ],
  ['echo done > /dev/null; echo $?', '0\n'],
  ['echo $(hostname) | dd of=/tmp/f conv=fsync; cat /tmp/f', '!0+1 records in\n0+1 records out\nweb-0\n'],
  [
    'printf abcdef > /tmp/f; printf XY | dd of=/tmp/f bs=1 seek=2 conv=notrunc status=none; dd if=/tmp/f bs=1 skip=1 count=4 2>/dev/null',
    'bXYe',
  ],
  ['yes | dd bs=2 count=2', 'y\ny\n!2+0 records in\n2+0 records out\n'],
  ['nosuch; echo $?', '!sh: nosuch: not found\n127\n'],
  ['cat /nope; echo $?', "!cat: can't open '/nope': No such file or directory\n1\n"],
  ['echo a; # comment\n\necho b', 'a\nb\n'],
  ['eval "echo \\$((40 + 2))"', '42\n'],
  ['perl -Mbignum=bpi -wle "print bpi(12)"', '3.14159265358\n'],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are shell scripts
])('%s', async (script, output) => {
  expect((await run(script)).output).toBe(output);
});

test.each<[string, number]>([
  ['exit 3', 3],
  ['false', 1],
  ['set -e; false; echo not here', 1],
  ['set -e; if false; then :; fi; false || true; exit 4', 4],
  ['set -o pipefail; false | true', 1],
  ['false | true', 0],
  ['echo "unterminated', 2],
  ['if true', 2],
  ['set -u; echo $nothing', 2],
])('%s exits with %i', async (script, code) => {
  expect((await run(script)).code).toBe(code);
});

test('output goes out as it comes, and sleeping takes the clock', async () => {
  const shell = start(['sh', '-c', 'while true; do date +%S; sleep 10; done']);
  await shell.clock.advance(25_000);
  expect(shell.output()).toBe('00\n10\n20\n');
  shell.kill();
  await shell.clock.advance(60_000);
  expect(shell.output()).toBe('00\n10\n20\n');
  expect(shell.clock.pending).toBe(0);
});

test('a trap runs after the command in the foreground, or at once while waiting', async () => {
  const slow = start(['sh', '-c', 'trap "echo bye; exit 5" TERM; sleep 100; echo not here']);
  await slow.clock.advance(1000);
  slow.signal('SIGTERM');
  await slow.clock.advance(1000);
  expect(slow.code()).toBeUndefined();
  await slow.clock.advance(100_000);
  expect([slow.output(), slow.code()]).toEqual(['bye\n', 5]);
  const quick = start(['sh', '-c', 'trap "echo bye; exit 0" TERM INT; while :; do sleep 100 & wait $!; done']);
  await quick.clock.advance(1000);
  quick.signal('SIGTERM');
  await quick.clock.advance(1);
  expect([quick.output(), quick.code()]).toEqual(['bye\n', 0]);
});

test('without a trap the first process of a container ignores SIGTERM, another dies of it', async () => {
  const script = ['sh', '-c', 'echo on; sleep 100'];
  const first = start(script);
  await first.clock.advance(1);
  first.signal('SIGTERM');
  await first.clock.advance(1);
  expect(first.code()).toBeUndefined();
  const other = start(script, { isInit: false });
  await other.clock.advance(1);
  other.signal('SIGTERM');
  expect(other.code()).toBe(143);
});

test('background jobs run beside the shell and are waited for', async () => {
  const shell = start(['sh', '-c', '(sleep 5; echo slow; exit 3) & p=$!; echo fast; wait $p; echo $?']);
  await shell.clock.advance(5000);
  expect(shell.output()).toBe('fast\nslow\n3\n');
});

test('tail -f follows a file that another process writes', async () => {
  const shell = start(['tail', '-f', '/logs'], { files: { '/logs': 'first\n' } });
  await shell.clock.advance(1);
  await shell.files.writeFile('/logs', Buffer.from('second\n'), { append: true });
  await shell.clock.advance(1000);
  expect(shell.output()).toBe('first\nsecond\n');
  shell.kill();
});

test('a loop that never waits is slowed down and can be killed', async () => {
  const shell = start(['sh', '-c', 'while true; do :; done']);
  await shell.clock.advance(1);
  for (let i = 0; i < 1000 && shell.clock.pending === 0; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(shell.clock.pending).toBe(1);
  shell.kill();
  await expect(shell.exited).rejects.toBeDefined();
});

test('a server that a script starts stays, and ends when it is asked to', async () => {
  const shell = start(['sh', '-c', 'echo starting; exec nginx -g "daemon off;"'], { image: 'nginx' });
  await shell.clock.advance(1000);
  expect([shell.output(), shell.code()]).toEqual(['starting\n', undefined]);
  shell.signal('SIGTERM');
  await shell.clock.advance(1);
  expect(shell.code()).toBe(0);
});

test('a script from a file, from standard input, and a time limit', async () => {
  expect((await run('chmod +x /run.sh; /run.sh x', { files: { '/run.sh': '#!/bin/sh\necho "ran $1"\n' } })).output).toBe('ran x\n');
  const piped = start(['sh'], { stdin: 'echo from stdin\nexit 4\n' });
  expect(await piped.exited).toBe(4);
  expect(piped.output()).toBe('from stdin\n');
  const limited = start(['timeout', '2', 'sleep', '10']);
  await limited.clock.advance(2000);
  expect(await limited.exited).toBe(124);
});

test('a shell on standard input runs each command once it is whole, and what that reads begins behind it', async () => {
  const stdin = new PassThrough();
  const shell = start(['sh'], { stdin });
  const says = async (lines: string, output: string) => {
    stdin.write(lines);
    await expect.poll(() => shell.output()).toBe(output);
  };
  await says('echo one\n', 'one\n');
  await says('if true; then\n echo two\n', 'one\n');
  await says('fi; echo "three', 'one\n');
  await says(' of\nthree" \\\n four\n', 'one\ntwo\nthree of\nthree four\n');
  await says('cat <<END\n$((2+3))\n', 'one\ntwo\nthree of\nthree four\n');
  await says('END\n', 'one\ntwo\nthree of\nthree four\n5\n');
  await says("trap 'echo bye' EXIT\nread x; echo got $x\nthis\n", 'one\ntwo\nthree of\nthree four\n5\ngot this\n');
  stdin.write('$(if)\necho never\n');
  expect(await shell.exited).toBe(2);
  expect(shell.output()).toMatch(/got this\n!sh: syntax error: unexpected end of file\nbye\n$/);
});

test('$RANDOM is another number each time', async () => {
  const { output } = await run('echo $RANDOM $RANDOM $((RANDOM % 1)); RANDOM=7; echo $RANDOM');
  const [first, second, zero] = output.trim().split(/\s/).map(Number);
  expect([first !== second, Number(first) < 32_768, zero]).toEqual([true, true, 0]);
});

test('mv and cp put a file in the place of another, but not in its own', async () => {
  const { output } = await run('cd /tmp; echo a >a; echo b >b; mv a b && cat b; echo c >c; cp c b && cat b; ln b d; cp b d');
  expect(output).toBe("a\nc\n!cp: 'b' and '/tmp/d' are the same file\n");
});
