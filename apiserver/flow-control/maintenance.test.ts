import { beforeEach, describe, expect, it } from 'vitest';
import { type FlowSchema, flowcontrolKinds, type PriorityLevelConfiguration } from '../../api/index.ts';
import { ObjectsInMemory } from '../auth/objects-in-memory.ts';
import { AUTO_UPDATE } from './bootstrap-objects.ts';
import { ensureFlowObjects } from './maintenance.ts';

const { flowschemas, prioritylevelconfigurations } = flowcontrolKinds;

let objects: ObjectsInMemory;
beforeEach(async () => {
  objects = new ObjectsInMemory();
  await ensureFlowObjects(objects);
});

const schema = (name: string) => objects.get<FlowSchema>(flowschemas, '', name);
const level = (name: string) => objects.get<PriorityLevelConfiguration>(prioritylevelconfigurations, '', name);

async function change(name: string, precedence: number, annotations: Record<string, string> | undefined, generation = 2): Promise<void> {
  await objects.update<FlowSchema>(flowschemas, '', name, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations, generation },
    spec: { ...current.spec, matchingPrecedence: precedence },
  }));
  await ensureFlowObjects(objects);
}

it('makes the objects of a new cluster, once', async () => {
  expect(objects.list(flowschemas)).toHaveLength(11);
  expect(objects.list(prioritylevelconfigurations)).toHaveLength(8);
  const { writes } = objects;
  await ensureFlowObjects(objects);
  expect(objects.writes).toBe(writes);
});

describe('a suggested object', () => {
  it.each([
    ['that follows is put right', { [AUTO_UPDATE]: 'true' }, 9900, 'true'],
    ['that does not is left alone', { [AUTO_UPDATE]: 'false' }, 77, 'false'],
    ['that somebody changed does not follow from then on', undefined, 77, 'false'],
    ['whose annotation says nothing is one that somebody changed', { [AUTO_UPDATE]: 'maybe' }, 77, 'false'],
  ])('%s', async (_, annotations, precedence, annotation) => {
    await change('global-default', 77, annotations);
    expect(schema('global-default')?.spec.matchingPrecedence).toBe(precedence);
    expect(schema('global-default')?.metadata.annotations).toEqual({ [AUTO_UPDATE]: annotation });
  });

  it('without an annotation follows as long as nobody changed it', async () => {
    await change('global-default', 77, undefined, 1);
    expect(schema('global-default')?.spec.matchingPrecedence).toBe(9900);
    expect(schema('global-default')?.metadata.annotations).toEqual({ [AUTO_UPDATE]: 'true' });
  });

  it('that was deleted comes back', async () => {
    await objects.delete(flowschemas, '', 'probes');
    await ensureFlowObjects(objects);
    expect(schema('probes')).toBeDefined();
  });
});

it('a mandatory object is put right whatever it says', async () => {
  await change('catch-all', 77, { [AUTO_UPDATE]: 'false', other: 'kept' });
  expect(schema('catch-all')?.spec.matchingPrecedence).toBe(10_000);
  expect(schema('catch-all')?.metadata.annotations).toEqual({ [AUTO_UPDATE]: 'true', other: 'kept' });
});

it('what was suggested once goes, if it was left to us', async () => {
  const put = (name: string, annotation?: string) =>
    objects.put<PriorityLevelConfiguration>(prioritylevelconfigurations, {
      metadata: { name, annotations: annotation === undefined ? {} : { [AUTO_UPDATE]: annotation } },
      spec: { type: 'Limited' },
      status: {},
    });
  put('old', 'true');
  put('kept', 'false');
  put('own');
  await ensureFlowObjects(objects);
  expect(['old', 'kept', 'own'].map((name) => level(name)?.metadata.name)).toEqual([undefined, 'kept', 'own']);
});
