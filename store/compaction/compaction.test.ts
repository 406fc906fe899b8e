/** Who compacts, when, and at which revision. */
import { describe, expect, test } from 'vitest';
import { type Logger, OptionError, parseOptions, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { plain, put, withCode } from '../../test/support/store-steps.ts';
import {
  autoCompactionOptions,
  COMPACT_REVISION_KEY,
  createAutoCompaction,
  createSharedCompaction,
  openMemoryStore,
  readAutoCompaction,
  type Store,
  StoreError,
} from '../index.ts';

const MINUTE = 60_000;

/** Turns of the event loop in which a compaction in memory is done. */
const TURNS = 50;

class Scene {
  readonly clock = new VirtualClock();
  readonly warnings: unknown[] = [];
  readonly logger: Logger = Object.assign(Object.create(silentLogger), { warn: (facts: object) => this.warnings.push(facts) });
  readonly store: Store;

  private constructor(store: Store) {
    this.store = store;
  }

  static async open(): Promise<Scene> {
    return new Scene(await openMemoryStore());
  }

  /** Minutes go by; in each a key is put. */
  async minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.store.txn(plain(put('a')));
      await this.pass(MINUTE);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async compacted(): Promise<number> {
    return (await this.store.status()).compactRevision;
  }
}

describe('periodic', () => {
  test('compacts each retention at the revision of one retention ago', async () => {
    const scene = await Scene.open();
    const service = createAutoCompaction({ ...scene, mode: 'periodic', retentionMs: 10 * MINUTE });
    await service.start();
    await scene.minutes(9);
    expect(await scene.compacted()).toBe(0);
    await scene.minutes(1);
    expect(await scene.compacted()).toBe(1);
    await scene.minutes(9);
    expect(await scene.compacted()).toBe(1);
    await scene.minutes(1);
    // Written in the eleventh minute and later: still there.
    expect(await scene.compacted()).toBe(11);
    await service.stop();
    expect(scene.clock.pending).toBe(0);
    await scene.store.close();
  });

  test('a retention of hours: compacted hourly', async () => {
    const scene = await Scene.open();
    const service = createAutoCompaction({ ...scene, mode: 'periodic', retentionMs: 120 * MINUTE });
    await service.start();
    await scene.minutes(119);
    expect(await scene.compacted()).toBe(0);
    await scene.minutes(61);
    expect(await scene.compacted()).toBe(61);
    await service.stop();
    await scene.store.close();
  });

  test('a failure is logged, and tried again a tenth of the time later', async () => {
    const scene = await Scene.open();
    const { store } = scene;
    let failures = 0;
    const failing: Store = Object.assign(Object.create(store), {
      compact: (revision: number) => {
        if (failures++ === 0) throw new StoreError('Io', 'the disk was away');
        return store.compact(revision);
      },
    });
    Object.defineProperty(failing, 'revision', { get: () => store.revision });
    const service = createAutoCompaction({ ...scene, store: failing, mode: 'periodic', retentionMs: 10 * MINUTE });
    await service.start();
    await scene.minutes(10);
    expect(scene.warnings).toMatchObject([{ err: { code: 'Io' }, retryMs: MINUTE }]);
    await scene.minutes(1);
    expect(await scene.compacted()).toBe(2);
    await service.stop();
    await store.close();
  });
});

describe('by revision', () => {
  test('keeps the newest so many, looking every five minutes', async () => {
    const scene = await Scene.open();
    const service = createAutoCompaction({ ...scene, mode: 'revision', retentionRevisions: 7 });
    await service.start();
    await scene.minutes(5);
    expect(await scene.compacted()).toBe(0);
    await scene.minutes(5);
    expect(await scene.compacted()).toBe(11 - 7);
    await scene.pass(5 * MINUTE);
    expect(scene.warnings).toEqual([]);
    await scene.store.compact(9);
    await scene.minutes(5);
    // Somebody compacted further than this would: as good.
    expect(await scene.compacted()).toBe(9);
    expect(scene.warnings).toEqual([]);
    await service.stop();
    await scene.store.close();
  });
});

describe('shared by API servers', () => {
  const start = async (scene: Scene, intervalMs = 5 * MINUTE) => {
    const service = createSharedCompaction({ ...scene, intervalMs });
    await service.start();
    return service;
  };

  test('one compacts at the revision of an interval ago; the others wait, and take over when it is gone', async () => {
    const scene = await Scene.open();
    const compactions: number[] = [];
    const { store } = scene;
    const compact = store.compact.bind(store);
    store.compact = (revision) => {
      compactions.push(revision);
      return compact(revision);
    };
    const first = await start(scene);
    await scene.minutes(1);
    const second = await start(scene);
    await scene.minutes(4);
    // The first has noted revision 7 (five puts, and its own); nothing was compacted yet.
    expect(await scene.compacted()).toBe(0);
    await scene.minutes(5);
    expect(await scene.compacted()).toBe(7);
    await scene.minutes(5);
    expect(compactions).toEqual([7, 13]);
    await first.stop();
    await scene.minutes(10);
    expect(compactions.length).toBe(3);
    await scene.minutes(5);
    expect(compactions.length).toBe(4);
    const { kvs } = await store.range({ key: COMPACT_REVISION_KEY });
    expect(Number(kvs[0]?.value)).toBe(compactions.at(-1));
    expect(scene.warnings).toEqual([]);
    await second.stop();
    await store.close();
  });

  test('a server that was restarted compacts nothing that is younger than an interval', async () => {
    const scene = await Scene.open();
    const first = await start(scene);
    await scene.minutes(10);
    await first.stop();
    const compacted = await scene.compacted();
    const again = await start(scene);
    const { revision } = scene.store;
    await scene.minutes(5);
    // It has to learn the time first.
    expect(await scene.compacted()).toBe(compacted);
    await scene.minutes(5);
    expect(await scene.compacted()).toBeGreaterThan(revision);
    await expect(scene.store.range({ key: 'a' }, { revision })).rejects.toEqual(withCode('Compacted'));
    await again.stop();
    await scene.store.close();
  });

  test('what fails is logged and tried again; with an interval of 0 nothing is done', async () => {
    const scene = await Scene.open();
    const idle = await start(scene, 0);
    expect(scene.clock.pending).toBe(0);
    await idle.stop();
    const service = await start(scene);
    await scene.store.close();
    await scene.pass(5 * MINUTE);
    expect(scene.warnings).toMatchObject([{ err: { code: 'Closed' } }]);
    expect(scene.clock.pending).toBe(1);
    await service.stop();
    expect(scene.clock.pending).toBe(0);
  });
});

describe('options', () => {
  const read = (...argv: string[]) => readAutoCompaction(parseOptions(autoCompactionOptions, argv).values);

  test.each([
    [[], undefined],
    [['--auto-compaction-retention=1'], { mode: 'periodic', retentionMs: 60 * MINUTE }],
    [['--auto-compaction-retention=30m'], { mode: 'periodic', retentionMs: 30 * MINUTE }],
    [['--auto-compaction-mode=revision', '--auto-compaction-retention=1000'], { mode: 'revision', retentionRevisions: 1000 }],
    [['--auto-compaction-mode=revision'], undefined],
  ])('%j', (argv, expected) => {
    expect(read(...argv)).toEqual(expected);
  });

  test.each([
    [['--auto-compaction-mode=daily'], '--auto-compaction-mode takes periodic or revision, not "daily"'],
    [['--auto-compaction-retention=soon'], 'takes hours or a duration such as 10m, not "soon"'],
    [['--auto-compaction-retention=-5m'], 'not "-5m"'],
    [['--auto-compaction-mode=revision', '--auto-compaction-retention=10m'], 'takes a number of revisions, not "10m"'],
  ])('%j is refused', (argv, text) => {
    expect(() => read(...argv)).toThrow(OptionError);
    expect(() => read(...argv)).toThrow(text);
  });
});
