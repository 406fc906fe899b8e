import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apiServerOptions } from '../apiserver/options.ts';
import { isComponent } from '../cli/components.ts';
import { controllerManagerOptions } from '../controller-manager/options.ts';
import { kubeletSimOptions } from '../kubelet-sim/options.ts';
import { type OptionTable, parseOptions } from '../runtime/index.ts';
import { schedulerOptions } from '../scheduler/options.ts';
import { ROOT } from './support/sources.ts';

const TABLES: Readonly<Record<string, OptionTable>> = {
  apiserver: apiServerOptions,
  scheduler: schedulerOptions,
  'controller-manager': controllerManagerOptions,
  'kubelet-sim': kubeletSimOptions,
};

interface Compose {
  readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
}

const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;

describe('docker-compose.yml', () => {
  it('runs every component, and more than one kubelet-sim', () => {
    const commands = Object.values(services).map(({ command }) => command[0] ?? '');
    expect(new Set(commands)).toEqual(new Set(Object.keys(TABLES)));
    expect(commands.filter((name) => name === 'kubelet-sim').length).toBeGreaterThan(1);
  });

  it.each(Object.entries(services))('%s: the command and its options exist', (_name, { command }) => {
    const [component, ...argv] = command;
    expect(isComponent(component)).toBe(true);
    expect(parseOptions(TABLES[component ?? ''] ?? {}, argv).positionals).toEqual([]);
  });

  it.skipIf(!composeInstalled())('is accepted by docker compose', () => {
    expect(() => execFileSync('docker', ['compose', 'config', '--quiet'], { cwd: ROOT, stdio: 'pipe' })).not.toThrow();
  });
});

/** The compose client, which not every machine has (CI's has none: there this check is skipped). */
function composeInstalled(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
