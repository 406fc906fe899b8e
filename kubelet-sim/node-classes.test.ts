import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { readImageCatalog } from './image-catalog-file.ts';
import { classLabels, classOf, readNodeClasses } from './node-classes.ts';

async function read(text: string) {
  await using directory = await tempDirectory();
  const path = join(directory.path, 'classes.yaml');
  await writeFile(path, text);
  return await readNodeClasses(path);
}

test('nodes are of the classes in their order, each as many as it says, zones in turn', async () => {
  const classes = await read(`
classes:
  - { name: large, count: 2, cpu: 64, memory: 256Gi, extendedResources: { nvidia.com/gpu: 8 }, taints: [{ key: gpu, effect: NoSchedule }] }
  - { name: small, count: 3, region: eu, zones: [eu-a, eu-b], labels: { disk: ssd } }
`);
  expect(classes[0]).toMatchObject({ cpu: '64', extendedResources: { 'nvidia.com/gpu': '8' } });
  expect([0, 1, 2, 4, 5].map((i) => classOf(classes, i)?.nodeClass.name)).toEqual(['large', 'large', 'small', 'small', undefined]);
  const third = classOf(classes, 3);
  expect(third && classLabels(third.nodeClass, third.place)).toEqual({
    'node.kubernetes.io/instance-type': 'small',
    'topology.kubernetes.io/region': 'eu',
    'topology.kubernetes.io/zone': 'eu-b',
    disk: 'ssd',
  });
});

test('a file that makes no sense is refused in one line', async () => {
  await expect(read('classes: [{ name: a, cpu: many }]')).rejects.toThrow(/classes\.0\.cpu: is no quantity/);
  await expect(read('classes: [{ name: a, colour: red }]')).rejects.toThrow(/colour/);
  await expect(read('classes: [{ name: a, runtimeHandlers: [A/B] }]')).rejects.toThrow(/runtimeHandlers\.0: is no name of a handler/);
  await expect(readNodeClasses('/nowhere')).rejects.toThrow(/cannot read the node classes \/nowhere: .*ENOENT/);
});

test('files that nest deep are refused, and do not end the process', async () => {
  await using directory = await tempDirectory();
  const path = join(directory.path, 'deep.yaml');
  await writeFile(path, `images: ${'['.repeat(200_000)}`);
  for (const reader of [readNodeClasses, readImageCatalog]) await expect(reader(path)).rejects.toThrow('exceeded max depth of 400');
});
