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
    [['--audit-log-mode=never'], '--audit-log-mode knows blocking, blocking-strict, batch'],
    [['--audit-log-format=legacy'], '--audit-log-format knows json'],
    [['--audit-log-version=audit.k8s.io/v1beta1'], '--audit-log-version knows audit.k8s.io/v1, not "audit.k8s.io/v1beta1"'],
    [['--audit-webhook-mode=blocking'], 'requests do not wait for a webhook here'],
    [['--audit-webhook-config-file=a'], '--audit-webhook-config-file needs --audit-policy-file'],
    [['--audit-webhook-batch-throttle-qps=0'], 'needs figures above 0 for --audit-webhook-batch-throttle-qps and -burst'],
    [['--audit-log-truncate-max-batch-size=5'], 'takes no less than --audit-log-truncate-max-event-size'],
    [['--service-account-lookup=false'], 'Only true is possible: tokens of accounts that are gone are no good here'],
    [['--enable-garbage-collector=false'], 'Only true is possible'],
    ...['events#http://a:1', '/events', '/events#http://a:1#b', 'a/b/c#http://a:1', '/events#http://a:1;', '/events#'].map(
      (wrong): [string[], string] => [
        [`--etcd-servers-overrides=${wrong}`],
        '--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated',
      ],
    ),
    [['--emulated-version=1.33'], 'no other version is emulated'],
    [['--storage-media-type=application/yoghurt'], '--storage-media-type knows application/json, application/yaml'],
    [['--watch-cache-sizes=pods'], '--watch-cache-sizes takes sizes such as pods#100, not "pods"'],
    [['--watch-cache-sizes=pods#-5'], 'not "pods#-5"'],
    [['--storage-backend=etcd2'], 'Only etcd3 is possible'],
    [['--max-requests-inflight=0', '--max-mutating-requests-inflight=0'], 'must not both be 0 with priority and fairness'],
    [['--tls-sni-cert-key=a.crt'], '--tls-sni-cert-key takes cert,key or cert,key:names, not "a.crt"'],
    [['--tls-sni-cert-key=a.crt,a.key:'], '--tls-sni-cert-key names nothing'],
    [
      ['--authorization-config=a', '--authorization-mode=AlwaysAllow'],
      '--authorization-config and --authorization-mode exclude each other',
    ],
    [['--service-cluster-ip-range=x'], '--service-cluster-ip-range takes a range such as 10.96.0.0/16, or two of different IP families'],
    [['--service-cluster-ip-range=10.0.0.0/16,10.1.0.0/16'], 'takes two ranges of different IP families only'],
    [['--service-cluster-ip-range=10.0.0.0/16,fd00::/108,fd01::/108'], 'must not contain more than two entries'],
    [['--service-cluster-ip-range=fd00::/48'], 'is too large with fd00::/48; the mask must be at least 64 bits long'],
    [['--runtime-config=batch/v9=true'], 'batch/v9, which is not there'],
    [['--cors-allowed-origins=example.com'], 'does not say where the host begins and ends, as //example\\.com(:|$) does'],
    [['--cors-allowed-origins=^http://(x$'], 'Unterminated group'],
    [['--strict-transport-security-directives=max-age=1,forever'], 'knows max-age=SECONDS, includeSubDomains and preload, not "forever"'],
  ])('%s: one line that says what to change', (argv, why) => {
    expect(() => compile(...argv)).toThrow(OptionError);
    expect(() => compile(...argv)).toThrow(why);
  });

  test.each([
    [['a.crt,a.key'], [{ cert: 'a.crt', key: 'a.key', names: [] }]],
    [
      ['/a.crt,/a.key:x.io,*.x.io', '/b.crt,/b.key'],
      [
        { cert: '/a.crt', key: '/a.key', names: ['x.io', '*.x.io'] },
        { cert: '/b.crt', key: '/b.key', names: [] },
      ],
    ],
  ])('%j: certificates for other names', (entries, found) => {
    expect(compile(...entries.map((entry) => `--tls-sni-cert-key=${entry}`)).namedCertificates).toEqual(found);
  });

  test.each([
    ['--service-cluster-ip-range=10.0.0.0/8,fd00::/64'],
    ['--emulated-version=kube=1.34'],
    ['--storage-backend='],
    ['--max-requests-inflight=0'],
    ['--audit-log-mode=batch'],
    ['--profiling=false'],
    ['--watch-cache-sizes=persistentvolumes#1000,pods#0'],
  ])('%s: is followed', (argument) => {
    expect(compile(argument).storageRoot).toBe('/registry');
  });

  test('the address of the server is of the family of the Service kubernetes, where it says that it is behind that', () => {
    const services = '--service-cluster-ip-range=fd00:1::/108,10.96.0.0/16';
    const advertised = '--advertise-address=192.0.2.2';
    expect(() => compile(services, advertised)).toThrow('service IP family "fd00:1::/108" must match public address family "192.0.2.2"');
    expect(() => compile('--advertise-address=2001:db8::2')).toThrow(
      'service IP family "10.96.0.0/16" must match public address family "2001:db8::2"',
    );
    expect(compile(services, '--advertise-address=2001:db8::2').kubernetesServiceIp).toBe('fd00:1::1');
    expect(compile(services, advertised, '--endpoint-reconciler-type=none').kubernetesServiceIp).toBe('fd00:1::1');
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
