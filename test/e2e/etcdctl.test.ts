/** A real etcdctl on `nanokube store`, as a process. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEtcdctl, NO_ETCD } from '../support/etcd.ts';
import { PATIENTLY } from '../support/etcdctl.ts';
import { ROOT } from '../support/sources.ts';

const etcdctlPath = findEtcdctl();
const directory = mkdtempSync(join(tmpdir(), 'nanokube-etcdctl-'));
const READY_MS_MAX = 120_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of ours, or of etcdctl, with what it says. */
class Running {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  #wake: () => void = () => undefined;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
        this.#wake();
      });
    });
  }

  /** What it says to standard output, once that matches. */
  async says(wanted: RegExp): Promise<RegExpExecArray> {
    for (const end = performance.now() + READY_MS_MAX; performance.now() < end; ) {
      const found = wanted.exec(this.#stdout);
      if (found) return found;
      if (this.#child.exitCode !== null) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    throw new Error(`it never said ${wanted}, but: ${this.#stdout}${this.#stderr}`);
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  finishInput(): void {
    this.#child.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get ended(): Promise<Ended> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

const nanokube = (...args: string[]) => new Running(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args]);
const READY = /^nanokube store is ready on (http:\S+), at revision \d+$/m;

let store: Running;
let endpoint = '';

const environment = () => ({ ...process.env, ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: endpoint });
const start = (...args: string[]) => new Running(etcdctlPath ?? '', [...PATIENTLY, ...args], environment());
const etcdctl = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(etcdctlPath ?? '', [...PATIENTLY, ...args], { env: environment(), timeout: READY_MS_MAX });
  return stdout;
};
const failing = async (...args: string[]): Promise<string> => {
  const running = start(...args);
  running.finishInput();
  const { code, stderr } = await running.ended;
  expect(code).not.toBe(0);
  return stderr;
};

const open = async () => {
  store = nanokube('store', '--data-dir', directory, '--listen-client-urls', 'http://127.0.0.1:0');
  [, endpoint = ''] = await store.says(READY);
};

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(etcdctlPath === undefined)(etcdctlPath ? 'etcdctl' : `etcdctl (skipped: ${NO_ETCD})`, () => {
  beforeAll(open);

  afterAll(() => store?.[Symbol.asyncDispose]());

  it('puts, gets and deletes', async () => {
    expect(await etcdctl('put', 'a', '1')).toBe('OK\n');
    expect(await etcdctl('put', 'a', '2', '--prev-kv')).toBe('OK\na\n1\n');
    expect(await etcdctl('put', 'b', '3')).toBe('OK\n');
    expect(await etcdctl('get', '--prefix', '', '--order=DESCEND')).toBe('b\n3\na\n2\n');
    expect(await etcdctl('get', 'a', 'z', '--keys-only', '--limit=1')).toBe('a\n\n');
    expect(await etcdctl('get', '--from-key', 'b', '--print-value-only')).toBe('3\n');
    expect(await etcdctl('get', 'a', '--rev=2', '--print-value-only')).toBe('1\n');
    expect(await etcdctl('del', '--prefix', '', '--prev-kv')).toBe('2\na\n2\nb\n3\n');
    const answer = JSON.parse(await etcdctl('get', 'a', '-w', 'json')) as {
      header: { revision: number; raft_term: number };
      kvs?: unknown;
    };
    expect(answer).toMatchObject({ header: { revision: 5, raft_term: 2 } });
    expect(answer.kvs).toBeUndefined();
  });

  it('runs transactions', async () => {
    await etcdctl('put', 'count', '1');
    const transaction = start('txn');
    transaction.write('value("count") = "1"\n\nput count 2\nget count\n\ndel count\n\n');
    transaction.finishInput();
    expect((await transaction.ended).stdout).toBe('SUCCESS\n\nOK\n\ncount\n2\n');
    const other = start('txn');
    other.write('mod("count") < "1"\n\nput count 9\n\nget count\n\n');
    other.finishInput();
    expect((await other.ended).stdout).toBe('FAILURE\n\ncount\n2\n');
  });

  it('watches, also from the past', async () => {
    const { header } = JSON.parse(await etcdctl('put', 'w1', '1', '-w', 'json')) as { header: { revision: number } };
    await using watching = start('watch', 'w', '--prefix', '--prev-kv', `--rev=${header.revision}`);
    await watching.says(/^PUT\nw1\n1\n/m);
    await etcdctl('put', 'w1', '2');
    await etcdctl('del', 'w1');
    await watching.says(/PUT\nw1\n1\nw1\n2\nDELETE\nw1\n2\nw1\n/);
  });

  it('grants, renews, looks at and revokes leases', async () => {
    const [, id = ''] = /^lease ([0-9a-f]+) granted with TTL\(100s\)/.exec(await etcdctl('lease', 'grant', '100')) ?? [];
    await etcdctl('put', 'leased', '1', `--lease=${id}`);
    expect(await etcdctl('lease', 'timetolive', id, '--keys')).toMatch(
      new RegExp(`^lease ${id} granted with TTL\\(100s\\), remaining\\((?:100|\\d\\d)s\\), attached keys\\(\\[leased\\]\\)`),
    );
    expect(await etcdctl('lease', 'list')).toBe(`found 1 leases\n${id}\n`);
    expect(await etcdctl('lease', 'keep-alive', '--once', id)).toBe(`lease ${id} keepalived with TTL(100)\n`);
    await using renewing = start('lease', 'keep-alive', id);
    await renewing.says(/keepalived with TTL\(100\)/);
    expect(await etcdctl('lease', 'revoke', id)).toBe(`lease ${id} revoked\n`);
    expect(await etcdctl('get', 'leased')).toBe('');
    expect(await etcdctl('lease', 'timetolive', id)).toBe(`lease ${id} already expired\n`);
    expect(await failing('lease', 'revoke', id)).toContain('etcdserver: requested lease not found');
  });

  it('compacts, and defragments', async () => {
    const { header } = JSON.parse(await etcdctl('put', 'c', '1', '-w', 'json')) as { header: { revision: number } };
    await etcdctl('put', 'c', '2');
    expect(await etcdctl('compaction', '--physical', `${header.revision + 1}`)).toBe(`compacted revision ${header.revision + 1}\n`);
    expect(await failing('get', 'c', `--rev=${header.revision}`)).toContain('etcdserver: mvcc: required revision has been compacted');
    expect(await failing('watch', 'c', `--rev=${header.revision}`)).toContain('required revision has been compacted');
    expect(await etcdctl('defrag')).toBe(`Finished defragmenting etcd member[${endpoint}]\n`);
  });

  it('tells of the endpoint and its member', async () => {
    const health = await start('endpoint', 'health').ended;
    expect(`${health.stdout}${health.stderr}`).toContain(`${endpoint} is healthy: successfully committed proposal`);
    expect(await etcdctl('endpoint', 'hashkv')).toMatch(/^http:\/\/127\.0\.0\.1:\d+, \d+\n$/);
    const [status] = JSON.parse(await etcdctl('endpoint', 'status', '-w', 'json')) as [{ Status: { version: string; leader: number } }];
    expect(status.Status.version).toBe('3.5.33');
    expect(await etcdctl('member', 'list')).toMatch(new RegExp(`^[0-9a-f]+, started, default, , ${endpoint}, false\n$`));
    expect(await failing('member', 'add', 'other', '--peer-urls=http://127.0.0.1:1')).toContain(
      'this is a nanokube store, always of one member',
    );
    expect(await failing('move-leader', '1')).toContain('bad leader transferee');
    expect(await failing('auth', 'enable')).toContain('etcdserver: root user does not exist');
  });

  it('saves a snapshot that it can read, and restore', async () => {
    await etcdctl('put', 'kept\nby', 'snapshots');
    const file = join(directory, 'saved.db');
    expect(await etcdctl('snapshot', 'save', file)).toContain(`Snapshot saved at ${file}`);
    const { totalKey } = JSON.parse(await etcdctl('snapshot', 'status', file, '-w', 'json')) as { totalKey: number };
    expect(totalKey).toBeGreaterThan(0);
    const restored = join(directory, 'restored');
    await etcdctl('snapshot', 'restore', file, '--data-dir', restored);
    expect(existsSync(join(restored, 'member', 'snap', 'db'))).toBe(true);
    expect(readFileSync(join(restored, 'member', 'snap', 'db')).includes('kept\nby')).toBe(true);
  });

  it('locks, and elects', async () => {
    await using first = start('lock', 'mutex');
    await first.says(/^mutex\/[0-9a-f]+\n/);
    await using second = start('lock', 'mutex', 'echo', 'mine');
    first.signal('SIGINT');
    await first.ended;
    await second.says(/^mine\n/m);
    await using leading = start('elect', 'office', 'ada');
    await leading.says(/^office\/[0-9a-f]+\nada\n/);
    await using listening = start('elect', '-l', 'office');
    await listening.says(/ada\n/);
  });

  it('lists and disarms alarms', async () => {
    expect(await etcdctl('alarm', 'list')).toBe('');
    expect(await etcdctl('alarm', 'disarm')).toBe('');
  });

  it('checks the performance: keys of random bytes, and all deleted in the end', async () => {
    const check = start('check', 'perf', '--load=s');
    const { stdout, stderr } = await check.ended;
    // How fast it is, is the machine's business; that no write fails, is ours.
    expect(`${stdout}${stderr}`).not.toMatch(/FAIL: (error|too many errors)/i);
    expect(stdout).toMatch(/Throughput/);
    expect(await etcdctl('get', '--prefix', '/etcdctl-check-perf/', '--keys-only')).toBe('');
  });

  it('goes on after kill -9, and stops when it is told to', async () => {
    await etcdctl('put', 'survives', 'yes');
    store.signal('SIGKILL');
    await store.ended;
    await open();
    expect(await etcdctl('get', 'survives', '--print-value-only')).toBe('yes\n');
    const { header } = JSON.parse(await etcdctl('put', 'w', '1', '-w', 'json')) as { header: { revision: number } };
    await using watching = start('watch', 'w', `--rev=${header.revision}`);
    await watching.says(/PUT\nw\n1\n/);
    store.signal('SIGTERM');
    // It ends by itself: who takes longer than 4.5 s is ended, with another code.
    expect((await store.ended).code).toBe(0);
    await open();
  });
});

describe('nanokube store', () => {
  it('says in one line what is wrong', async () => {
    const lineOf = async (...args: string[]) => {
      const { code, stderr } = await nanokube('store', '--data-dir', join(directory, 'other'), ...args).ended;
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await lineOf('--listen-client-urls', 'nonsense')).toBe(
      'nanokube: cannot listen on "nonsense": give a URL such as http://127.0.0.1:2379\n',
    );
    expect(await lineOf('--listen-client-urls', 'https://127.0.0.1:0')).toBe(
      'nanokube: an https URL needs a certificate and its key: give --cert-file and --key-file\n',
    );
    expect(await lineOf('--nonsense')).toBe('nanokube: unknown option --nonsense; --help lists the options there are\n');
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    expect(await lineOf('--listen-client-urls', `http://127.0.0.1:${port}`)).toMatch(
      /^nanokube: cannot listen on [^\n]*the port is in use[^\n]*\n$/,
    );
    await new Promise((resolve) => taken.close(resolve));
  });
});
