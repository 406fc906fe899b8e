#!/usr/bin/env node
import { COMPONENTS, isComponent } from './components.ts';

const VERSION_COMMANDS: readonly string[] = ['version', '--version'];
const EXIT_USAGE = 2;

/** The `nanokube` command: picks the sub-command, hands it the rest of the line. */
async function main([command, ...rest]: readonly string[]): Promise<void> {
  if (command === 'up') {
    const { main: up } = await import('./up.ts');
    await up(rest);
  } else if (command === 'snapshot') {
    const { main: snapshot } = await import('./snapshot.ts');
    await snapshot(rest);
  } else if (command === 'certs') {
    const { main: certs } = await import('./certs.ts');
    await certs(rest);
  } else if (command === 'why') {
    const { main: why } = await import('./why.ts');
    await why(rest);
  } else if (command === 'simulate') {
    const { main: simulate } = await import('./simulate.ts');
    await simulate(rest);
  } else if (command === 'store' && rest[0] === 'copy') {
    const { main: copy } = await import('./store-copy.ts');
    await copy(rest.slice(1));
  } else if (isComponent(command)) {
    const component = await COMPONENTS[command].load();
    await component.main(rest);
  } else if (command !== undefined && VERSION_COMMANDS.includes(command)) {
    const { versionText } = await import('./version.ts');
    process.stdout.write(`${versionText()}\n`);
  } else if (command === undefined || command === '--help' || command === 'help' || command === '-h') {
    process.stdout.write(usage());
  } else {
    process.stderr.write(`nanokube: unknown command "${command}"; "nanokube --help" lists the commands there are\n`);
    process.exitCode = EXIT_USAGE;
  }
}

function usage(): string {
  const rows: [string, string][] = [
    ['up', 'a whole cluster: every process as a child of this one'],
    ...Object.entries(COMPONENTS).map(([name, { about }]): [string, string] => [name, about]),
    ['why', 'why a pod has no node, and what would help'],
    ['simulate', 'where pods would go'],
    ['snapshot', 'save, check and restore backups'],
    ['certs', 'check and renew the certificates of a cluster'],
    ['store copy', 'move a cluster between directories and etcd'],
    ['version', 'print the version'],
  ];
  return `A Kubernetes control plane with simulated nodes.

Usage: nanokube COMMAND [OPTIONS]

Commands:
${rows.map(([name, about]) => `  ${name.padEnd(20)}${about}`).join('\n')}

"nanokube COMMAND --help" lists the options of a command.
`;
}

await main(process.argv.slice(2));
