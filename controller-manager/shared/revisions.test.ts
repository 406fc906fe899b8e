import { describe, expect, it } from 'vitest';
import type { ControllerRevision, Live } from '../../api/index.ts';
import { meta } from '../testing/builders.ts';
import { compareRevisions, isOfTemplate, nextRevision, revisionData, revisionHash, revisionName, templateOf } from './revisions.ts';

const template = {
  metadata: { annotations: { test: 'value' }, labels: { app: 'foo' } },
  spec: {
    containers: [
      {
        image: 'test',
        imagePullPolicy: 'Always',
        name: 'test',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  },
};
const revision = (name: string, number: number, created: string, of = template): Live<ControllerRevision> => ({
  metadata: meta(name, { creationTimestamp: created }),
  data: revisionData(of),
  revision: number,
});

describe('a revision', () => {
  it('lies in the order of names, whose bytes upstream compares', () => {
    const { spec, metadata } = template;
    expect(JSON.stringify(revisionData({ spec: { ...spec, activeDeadlineSeconds: 1 }, metadata }))).toBe(
      `{"spec":{"template":{"$patch":"replace","metadata":${JSON.stringify(metadata)},"spec":{"activeDeadlineSeconds":1,${JSON.stringify(spec).slice(1)}}}}`,
    );
  });

  it('has the hash that kube-controller-manager 1.34 gives it', () => {
    expect(revisionHash(revisionData(template), 0)).toBe('776999688b');
    expect(revisionHash(revisionData(template), 1)).not.toBe('776999688b');
  });

  it('is hashed as Go writes it', () => {
    const annotated = (text: string) => revisionHash(revisionData({ ...template, metadata: { annotations: { a: text } } }), 0);
    expect(annotated('<&>')).toBe(annotated('<&>'));
    expect(annotated('<')).not.toBe(annotated('>'));
  });

  it('keeps the template, and knows it again', () => {
    const stored = revision('web-1', 1, '2026-01-01T00:00:00Z');
    expect(templateOf(stored)).toEqual(template);
    expect(isOfTemplate(stored, { spec: template.spec, metadata: template.metadata })).toBe(true);
    expect(isOfTemplate(stored, { spec: template.spec })).toBe(false);
    expect(templateOf({ ...stored, data: { spec: {} } })).toBeUndefined();
  });

  it('has a name that is not too long', () => {
    expect(revisionName('web', 'abc')).toBe('web-abc');
    expect(revisionName('x'.repeat(250), 'abc')).toHaveLength(227);
  });

  it('is ordered by number, then age, then name', () => {
    const all = [
      revision('c', 2, '2026-01-01T00:00:00Z'),
      revision('b', 1, '2026-01-02T00:00:00Z'),
      revision('d', 1, '2026-01-01T00:00:00Z'),
      revision('a', 1, '2026-01-02T00:00:00Z'),
    ];
    expect(all.sort(compareRevisions).map(({ metadata }) => metadata.name)).toEqual(['d', 'a', 'b', 'c']);
    expect([nextRevision(all), nextRevision([])]).toEqual([3, 1]);
  });
});
