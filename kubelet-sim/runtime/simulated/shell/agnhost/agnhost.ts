import { type CommandFunction, complain } from '../shell-context.ts';
import { connect } from './connect.ts';
import { guestbook } from './guestbook.ts';
import { healthChecking } from './health-checking.ts';
import { liveness } from './liveness.ts';
import { logsGenerator } from './logs-generator.ts';
import { mounttest } from './mounttest.ts';
import { netexec } from './netexec.ts';
import { nettest } from './nettest.ts';
import { noSnatTest, noSnatTestProxy } from './no-snat.ts';
import { portForwardTester } from './port-forward-tester.ts';
import { porter, serveHostname, tcpReset, testWebserver } from './servers.ts';

const dnsServerList: CommandFunction = async ({ host, stdout }) => {
  await stdout.write(`${host.process.network.dns.servers.join(',')}\n`);
  return 0;
};

const dnsSuffix: CommandFunction = async ({ host, stdout }) => {
  await stdout.write(`${host.process.network.dns.searches.join(',')}\n`);
  return 0;
};

const etcHosts: CommandFunction = async ({ host, stdout }) => {
  await stdout.write(`${(await (await host.files()).readFile('/etc/hosts')).toString('latin1')}`);
  return 0;
};

/** Prints how it was called, as Go prints a list. */
const entrypointTester: CommandFunction = async ({ host, stdout }) => {
  await stdout.write(`[${host.process.argv.join(' ')}]\n`);
  return 0;
};

const COMMANDS: Readonly<Record<string, CommandFunction>> = {
  connect,
  'dns-server-list': dnsServerList,
  'dns-suffix': dnsSuffix,
  'entrypoint-tester': entrypointTester,
  'etc-hosts': etcHosts,
  'grpc-health-checking': healthChecking,
  guestbook,
  liveness,
  'logs-generator': logsGenerator,
  mounttest,
  netexec,
  nettest,
  'no-snat-test': noSnatTest,
  'no-snat-test-proxy': noSnatTestProxy,
  'port-forward-tester': portForwardTester,
  porter,
  'serve-hostname': serveHostname,
  'tcp-reset': tcpReset,
  'test-webserver': testWebserver,
};

/** `agnhost COMMAND …`: the commands of the image that tests of networks use (upstream `test/images/agnhost`). */
export const agnhost: CommandFunction = async (context) => {
  const [name = '', ...args] = context.args;
  const command = COMMANDS[name];
  if (!command) return await complain(context, `Error: unknown command "${name}" for "app"\nRun 'app --help' for usage.`);
  return await command({ ...context, args });
};
