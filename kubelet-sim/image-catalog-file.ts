import { readFile } from 'node:fs/promises';
import { parseYaml } from '../api/index.ts';
import { UserError } from '../runtime/index.ts';
import type { ImageEntry } from './runtime/simulated/image-catalog.ts';

/** Reads what a user says of images. @throws UserError saying in one line what is wrong with the file */
export async function readImageCatalog(path: string): Promise<readonly ImageEntry[]> {
  const { z } = await import('zod');
  const map = z.record(z.string(), z.string());
  const texts = z.array(z.string());
  const port = z.int().min(1).max(65_535);
  const code = z.int().min(0).max(255);
  const milliseconds = z.number().min(0);
  const reply = replySchema(z);
  const behaviour = z.strictObject({
    run: z.union([z.enum(['server', 'exit']), texts.min(1)]).optional(),
    args: z.enum(['exec', 'flags']).optional(),
    program: z.string().optional(),
    worker: z.strictObject({ title: z.string(), uid: z.int().min(0) }).optional(),
    binaries: texts.optional(),
    clients: map.optional(),
    ownTools: texts.optional(),
    shell: z.boolean().optional(),
    log: texts.optional(),
    ports: z.array(port).optional(),
    portFlags: texts.optional(),
    protocol: z.enum(['http', 'tcp', 'grpc', 'redis']).optional(),
    tls: z.boolean().optional(),
    replies: z.array(reply).optional(),
    body: z.string().optional(),
    docroot: z.string().optional(),
    exports: z.string().startsWith('/').optional(),
    serverName: z.string().optional(),
    accessLog: z.boolean().optional(),
    greeting: z.string().optional(),
    talks: z.array(z.strictObject({ match: z.string(), reply: z.string() })).optional(),
    healthServices: texts.optional(),
    requestCpuMs: milliseconds.optional(),
    configs: texts.optional(),
    bindError: z.string().optional(),
    bindExitCode: code.optional(),
    writes: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    stopSignal: z.string().regex(/^SIG/).optional(),
    stopSignals: texts.optional(),
    stopMs: milliseconds.optional(),
    stopLog: texts.optional(),
    stopCode: code.optional(),
    reaps: z.boolean().optional(),
    title: texts.optional(),
    base: z.string().optional(),
    isDistribution: z.boolean().optional(),
    account: z.string().optional(),
    loadFlags: z.strictObject({ memoryBytes: texts.optional(), cpuMillis: texts.optional() }).optional(),
    requires: z.strictObject({ anyOf: texts.min(1), message: z.string() }).optional(),
    env: map.optional(),
    workingDir: z.string().optional(),
    files: map.optional(),
    sizeBytes: z.int().min(0).optional(),
    missingTags: texts.optional(),
    versionsBefore: z
      .string()
      .regex(/^\d+(?:\.\d+)*$/)
      .optional(),
    tools: z.enum(['gnu', 'busybox', 'old-busybox']).optional(),
    uid: z.int().min(0).optional(),
    gid: z.int().min(0).optional(),
    username: z.string().optional(),
    cpuMillis: z.number().min(0).optional(),
    memoryBytes: z.int().min(0).optional(),
  });
  const whole = behaviour.extend({ commands: z.record(z.string(), behaviour).optional() });
  const entry = whole.extend({ repository: z.string().min(1), tags: z.record(z.string(), whole).optional() });
  try {
    return z.strictObject({ images: z.array(entry) }).parse(parseYaml(await readFile(path, 'utf8'))).images;
  } catch (error) {
    const why =
      error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') : String(error);
    throw new UserError(`cannot read the image catalog ${path}: ${why}`);
  }
}

function replySchema(z: typeof import('zod').z) {
  const milliseconds = z.number().min(0).optional();
  return z.strictObject({
    path: z.string().startsWith('/'),
    method: z.string().optional(),
    status: z.int().min(100).max(599).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.string().optional(),
    delayMs: milliseconds,
    afterMs: milliseconds,
    exitCode: z.int().min(0).max(255).optional(),
  });
}
