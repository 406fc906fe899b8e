import { expect, test } from 'vitest';
import { type Clock, seededRandom, VirtualClock } from '../runtime/index.ts';
import { Agenda } from './agenda.ts';

test('many timers take one timer of the clock below, and fire in order of time, then of setting', async () => {
  const clock = new VirtualClock();
  const agenda = new Agenda(clock);
  const random = seededRandom(7);
  const delays = Array.from({ length: 500 }, () => random.integer(50));
  const fired: { delay: number; i: number }[] = [];
  delays.forEach((delay, i) => {
    agenda.setTimer(delay, () => fired.push({ delay, i }));
  });
  expect(agenda.pending).toBe(500);
  expect(clock.pending).toBe(1);
  await clock.advance(60);
  const wanted = delays.map((delay, i) => ({ delay, i })).sort((a, b) => a.delay - b.delay || a.i - b.i);
  expect(fired).toEqual(wanted);
  expect(clock.pending).toBe(0);
});

test('a timer taken back does not fire, and thousands of them leave no trace', async () => {
  const clock = new VirtualClock();
  const agenda = new Agenda(clock);
  const fired: string[] = [];
  agenda.setTimer(10, () => fired.push('kept'));
  for (let i = 0; i < 5000; i++) agenda.setTimer(5 + i, () => fired.push('gone')).cancel();
  expect(agenda.pending).toBe(1);
  await clock.advance(10_000);
  expect(fired).toEqual(['kept']);
  expect(agenda.pending).toBe(0);
});

test('a timer set while firing, for now, fires in the same turn; sleep ends early on abort', async () => {
  const clock = new VirtualClock();
  const agenda = new Agenda(clock);
  const fired: string[] = [];
  agenda.setTimer(1, () => agenda.setTimer(0, () => fired.push('nested')));
  const abort = new AbortController();
  const sleeping = agenda.sleep(1000, abort.signal).catch((reason: unknown) => fired.push(String(reason)));
  await clock.advance(1);
  abort.abort('enough');
  await sleeping;
  expect(fired).toEqual(['nested', 'enough']);
  expect(agenda.pending).toBe(0);
});

test('timers that take their time leave sockets a turn in between', async () => {
  const virtual = new VirtualClock();
  let busyMs = 0;
  const clock: Clock = {
    now: () => virtual.now(),
    monotonic: () => virtual.monotonic() + busyMs,
    setTimer: (delayMs, fn) => virtual.setTimer(delayMs, fn),
    sleep: (delayMs, signal) => virtual.sleep(delayMs, signal),
    hold: () => virtual.hold(),
  };
  const agenda = new Agenda(clock);
  const turns: number[] = [];
  let fired = 0;
  for (let i = 0; i < 30; i++) {
    agenda.setTimer(1, () => {
      busyMs += 5;
      fired++;
    });
  }
  clock.setTimer(1, () => turns.push(fired)); // set after the agenda's own: its turn comes when that one lets go
  await virtual.advance(1);
  expect(turns).toEqual([5]);
  expect(fired).toBe(30);
});
