import { readFile } from 'node:fs/promises';
import { UserError } from '../runtime/index.ts';
import type { ImageEntry } from './runtime/simulated/image-catalog.ts';

/** Reads what a user says of images. @throws UserError saying in one line what is wrong with the file */
export async function readImageCatalog(path: string): Promise<readonly ImageEntry[]> {
  const [{ parse }, { z }] = await Promise.all([import('yaml'), import('zod')]);
  const map = z.record(z.string(), z.string());
  const entry = z.strictObject({
    repository: z.string().min(1),
    run: z.union([z.enum(['server', 'exit']), z.array(z.string()).min(1)]).optional(),
    args: z.enum(['exec', 'flags']).optional(),
    binaries: z.array(z.string()).optional(),
    clients: map.optional(),
    shell: z.boolean().optional(),
    log: z.array(z.string()).optional(),
    ports: z.array(z.int().min(1).max(65_535)).optional(),
    body: z.string().optional(),
    docroot: z.string().optional(),
    stopCode: z.int().min(0).max(255).optional(),
    env: map.optional(),
    workingDir: z.string().optional(),
    files: map.optional(),
    sizeBytes: z.int().min(0).optional(),
    missingTags: z.array(z.string()).optional(),
    uid: z.int().min(0).optional(),
    gid: z.int().min(0).optional(),
    username: z.string().optional(),
    cpuMillis: z.number().min(0).optional(),
    memoryBytes: z.int().min(0).optional(),
  });
  try {
    return z.strictObject({ images: z.array(entry) }).parse(parse(await readFile(path, 'utf8'))).images;
  } catch (error) {
    const why =
      error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') : String(error);
    throw new UserError(`cannot read the image catalog ${path}: ${why}`);
  }
}
