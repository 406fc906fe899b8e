import { describe, expect, it } from 'vitest';
import { requestInfo } from '../pipeline/request-info.ts';
import { WatchTracker } from './watch-tracker.ts';
import { estimateWork, type WorkKnowledge } from './work-estimate.ts';

const NODE_NAME = (resource: string) => (resource === 'x' ? 'spec.nodeName' : undefined);

function estimate(method: string, url: string, more: Partial<WorkKnowledge> & { seatsMax?: number } = {}) {
  const [path = '', text] = url.split('?');
  const query = text === undefined ? undefined : new URLSearchParams(text);
  const knowledge = { statsOf: () => ({ count: 1000, bytes: 1000 }), watchersOf: () => 0, ...more };
  return estimateWork({ info: requestInfo(method, path, query), query }, more.seatsMax ?? 0, knowledge);
}

const LIST = '/apis/g/v1/things';

describe('a list', () => {
  it.each([
    ['takes a seat for 100 kB that are held', LIST, 10],
    ['of one by its name takes one', `${LIST}?fieldSelector=metadata.name=a`, 1],
    ['takes as much of it as is asked for', `${LIST}?limit=250`, 3],
    ['of a time long past is read from the store', `${LIST}?resourceVersion=7&resourceVersionMatch=Exact`, 10],
    ['of a time long past, of what is selected, may be half of it', `${LIST}?resourceVersion=7&limit=100&labelSelector=a`, 5],
    ['that goes on is read from the store', `${LIST}?continue=x&limit=200`, 2],
  ])('%s', (_, url, seats) => {
    expect(estimate('GET', url)).toEqual({ initialSeats: seats, finalSeats: 0, additionalLatencyMs: 0 });
  });

  it('from the cache takes ten at most; from the store a hundred; and no more than its level lets it', () => {
    const statsOf = () => ({ count: 100_000, bytes: 1000 });
    expect(estimate('GET', LIST, { statsOf }).initialSeats).toBe(10);
    expect(estimate('GET', `${LIST}?resourceVersion=7&resourceVersionMatch=Exact`, { statsOf }).initialSeats).toBe(100);
    expect(estimate('GET', LIST, { statsOf, seatsMax: 8 }).initialSeats).toBe(8);
  });

  it('of nothing, or of what is not served, takes one', () => {
    expect(estimate('GET', LIST, { statsOf: () => ({ count: 0, bytes: 0 }) }).initialSeats).toBe(1);
    expect(estimate('GET', LIST, { statsOf: () => undefined }).initialSeats).toBe(1);
  });
});

describe('a watch', () => {
  it('takes one, or as many as a list when it begins with one', () => {
    expect(estimate('GET', `${LIST}?watch=1`).initialSeats).toBe(1);
    expect(estimate('GET', `${LIST}?watch=1&sendInitialEvents=true`).initialSeats).toBe(10);
  });
});

describe('a write', () => {
  it('takes one while few watch, and more for a while after it when many do', () => {
    expect(estimate('POST', LIST, { watchersOf: () => 9 })).toMatchObject({ initialSeats: 1, finalSeats: 0, watchers: 9 });
    expect(estimate('POST', LIST, { watchersOf: () => 50 })).toMatchObject({ initialSeats: 1, finalSeats: 5, additionalLatencyMs: 5 });
    // Many seats for a short while are fewer for longer.
    expect(estimate('PUT', `${LIST}/a`, { watchersOf: () => 1000 })).toMatchObject({ finalSeats: 10, additionalLatencyMs: 50 });
    expect(estimate('PUT', `${LIST}/a`, { watchersOf: () => 1000, seatsMax: 4 })).toMatchObject({
      finalSeats: 4,
      additionalLatencyMs: 125,
    });
  });

  it('that changes nothing takes one', () => {
    const path = '/api/v1/namespaces/default/serviceaccounts/a/token';
    expect(estimate('POST', path, { watchersOf: () => 1000 }).finalSeats).toBe(0);
  });
});

describe('watches', () => {
  const info = (method: string, url: string) => {
    const [path = '', text] = url.split('?');
    return requestInfo(method, path, text === undefined ? undefined : new URLSearchParams(text));
  };

  it('are counted for the writes they may be told of', () => {
    const tracker = new WatchTracker(({ resource }) => NODE_NAME(resource));
    const ends = [
      '/api/v1/y?watch=1',
      '/api/v1/namespaces/a/y?watch=1',
      '/api/v1/namespaces/b/y?watch=1',
      '/api/v1/namespaces/a/y?watch=1&fieldSelector=metadata.name=n',
      '/apis/g/v1/y?watch=1',
    ].map((url) => tracker.register(info('GET', url)));
    expect(tracker.interestedIn(info('PUT', '/api/v1/namespaces/a/y/n'))).toBe(3);
    expect(tracker.interestedIn(info('PUT', '/api/v1/namespaces/a/y/m'))).toBe(2);
    expect(tracker.interestedIn(info('POST', '/api/v1/namespaces/b/y'))).toBe(2);
    expect(tracker.interestedIn(info('PUT', '/apis/g/v1/namespaces/a/y/n'))).toBe(1);
    for (const end of ends) end();
    expect(tracker.interestedIn(info('PUT', '/api/v1/namespaces/a/y/n'))).toBe(0);
  });

  it('are not when they are found by the value of a field', () => {
    const tracker = new WatchTracker(({ resource }) => NODE_NAME(resource));
    tracker.register(info('GET', '/api/v1/x?watch=1&fieldSelector=spec.nodeName=n1'));
    tracker.register(info('GET', '/api/v1/x?watch=1&fieldSelector=spec.nodeName='));
    tracker.register(info('GET', '/api/v1/x?watch=1&fieldSelector=a=b'));
    expect(tracker.interestedIn(info('POST', '/api/v1/namespaces/a/x'))).toBe(2);
  });
});
