import { describe, expect, test } from 'vitest';
import { OptionError, parseOptions, silentLogger } from '../runtime/index.ts';
import { anonymousOf } from './access.ts';
import { apiServerOptions } from './options.ts';
import { compileOptions } from './settings.ts';

const compile = (...argv: string[]) => compileOptions(parseOptions(apiServerOptions, argv).values);

describe('the options', () => {
  test.each([
    [['--etcd-servers=127.0.0.1:2379'], '--etcd-servers takes URLs such as http://127.0.0.1:2379'],
    [['--etcd-servers=http://a:1/path'], '--etcd-servers takes URLs'],
    [['--etcd-servers=http://a:1', '--ephemeral'], '--ephemeral and --etcd-servers exclude each other'],
    [['--etcd-prefix=/'], '--etcd-prefix takes a path such as /registry'],
    [['--etcd-certfile=a'], '--etcd-certfile and --etcd-keyfile go together'],
    [['--endpoint-reconciler-type=master-count'], '--endpoint-reconciler-type knows lease and none'],
    [['--service-account-key-file=a'], '--service-account-key-file needs --service-account-signing-key-file'],
    [['--audit-log-path=a'], '--audit-log-path needs --audit-policy-file'],
    [['--proxy-client-cert-file=a'], '--proxy-client-cert-file and --proxy-client-key-file go together'],
    [['--requestheader-group-headers=a b'], '--requestheader-group-headers takes names of headers, not "a b"'],
    [['--enable-aggregator-routing=false'], '--enable-aggregator-routing=false is not possible'],
    [['--audit-log-mode=batch'], '--audit-log-mode knows blocking and blocking-strict'],
    [['--service-cluster-ip-range=x'], '--service-cluster-ip-range takes a range such as 10.96.0.0/16, or two of different IP families'],
    [['--service-cluster-ip-range=10.0.0.0/16,10.1.0.0/16'], 'takes two ranges of different IP families only'],
    [['--service-cluster-ip-range=10.0.0.0/16,fd00::/108,fd01::/108'], 'must not contain more than two entries'],
    [['--service-cluster-ip-range=10.0.0.0/8'], 'is too large with 10.0.0.0/8; the mask must be at least 12 bits long'],
    [['--service-cluster-ip-range=fd00::/48'], 'the mask must be at least 64 bits long'],
    [['--runtime-config=batch/v9=true'], 'batch/v9, which is not there'],
    [['--cors-allowed-origins=example.com'], 'does not say where the host begins and ends, as //example\\.com(:|$) does'],
    [['--cors-allowed-origins=^http://(x$'], 'Unterminated group'],
    [['--strict-transport-security-directives=max-age=1,forever'], 'knows max-age=SECONDS, includeSubDomains and preload, not "forever"'],
  ])('%s: one line that says what to change', (argv, why) => {
    expect(() => compile(...argv)).toThrow(OptionError);
    expect(() => compile(...argv)).toThrow(why);
  });

  test.each([
    ['10.96.0.0/16', '10.96.0.1'],
    ['fd00:1::/108,10.96.0.0/16', 'fd00:1::1'],
  ])('%s: the Service kubernetes is at %s', (range, ip) => {
    expect(compile(`--service-cluster-ip-range=${range}`).kubernetesServiceIp).toBe(ip);
  });

  test.each([
    [[], '/registry'],
    [['--etcd-prefix=other/deep/'], '/other/deep'],
    [['--etcd-prefix=/a'], '/a'],
  ])('%s: objects are below %s', (argv, root) => {
    expect(compile(...argv).storageRoot).toBe(root);
  });

  test.each([
    [[], true],
    [['--anonymous-auth=false'], false],
    [['--authorization-mode=RBAC,AlwaysAllow'], false],
  ])('%s: whether nobody in particular is let in: %s', (argv, allowed) => {
    const { values } = parseOptions(apiServerOptions, argv);
    expect(anonymousOf(values, undefined, { logger: silentLogger })).toBe(allowed);
  });
});
