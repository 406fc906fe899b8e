import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { SchedulerCache } from './cache.ts';
import { podInfoOf } from './pod-info.ts';

describe('the cache', () => {
  it('counts an assumed pod, and forgets it when the binding fails', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').requests('500m', '1Gi').build());
    cache.assume(info, 'a');
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.forget(info.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('counts a pod once when the watch shows what was assumed', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const pod = aPod('p').requests('500m', '1Gi');
    cache.assume(podInfoOf(pod.build()), 'a');
    cache.addPod(pod.on('a').build());
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.removePod(pod.build().metadata.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('gives up an assumed pod that was never seen bound', () => {
    const clock = new VirtualClock();
    const cache = new SchedulerCache(clock);
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').build());
    cache.assume(info, 'a');
    cache.finishBinding(info.uid);
    expect(cache.expireAssumed(clock.now())).toEqual([]);
    expect(cache.expireAssumed(clock.now() + 3_600_000)).toHaveLength(1);
    expect(cache.podCount).toBe(0);
  });

  it('remembers pods of a node that comes back', () => {
    const cache = new SchedulerCache(new VirtualClock());
    const node = aNode('a').build();
    cache.addPod(aPod('p').on('a').requests('1', '1Gi').build());
    expect(cache.nodes).toEqual([]);
    cache.setNode(node);
    expect(cache.get('a')?.requested.milliCpu).toBe(1000);
    cache.removeNode('a');
    expect(cache.get('a')).toBeUndefined();
    cache.setNode(node);
    expect(cache.get('a')?.pods.size).toBe(1);
  });

  it('counts a pod where it is seen, whatever was assumed, and as it is seen last', () => {
    const cache = new SchedulerCache(new VirtualClock());
    for (const name of ['assumed', 'actual']) cache.setNode(aNode(name).build());
    const used = () => ['assumed', 'actual'].map((name) => cache.get(name)?.requested.milliCpu);
    const { uid } = aPod('p').build().metadata;
    cache.assume(podInfoOf(aPod('p').requests('100m', '1Mi').build()), 'assumed');
    expect(used()).toEqual([100, 0]);
    cache.addPod(aPod('p').requests('100m', '1Mi').on('actual').build());
    expect([used(), cache.isAssumed(uid)]).toEqual([[0, 100], false]);
    cache.addPod(aPod('p').requests('200m', '1Mi').on('actual').build());
    expect(used()).toEqual([0, 200]);
    // What is seen is not forgotten when the binding is told to have failed.
    cache.forget(uid);
    expect(used()).toEqual([0, 200]);
  });

  it('is done with a node that went when its last pod goes', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const pods = ['p', 'q'].map((name) => aPod(name).requests('1', '1Gi').on('a').build());
    for (const pod of pods) cache.addPod(pod);
    cache.removeNode('a');
    expect([cache.nodes, cache.podCount]).toEqual([[], 2]);
    for (const { metadata } of pods) cache.removePod(metadata.uid);
    expect(cache.podCount).toBe(0);
    cache.setNode(aNode('a').build());
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });
});
