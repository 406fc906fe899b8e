import { describe, expect, test } from 'vitest';
import { FileError } from '../files/tree.ts';
import { ConfigError } from './config-error.ts';
import { buildConfiguration } from './configuration.ts';
import { parseConfig } from './parser.ts';

const FILE = '/etc/nginx/nginx.conf';

/** What nginx says of a configuration; the words that it warns with, when it can be used. */
async function verdict(files: Readonly<Record<string, string>>): Promise<string> {
  const reading = {
    read: (path: string) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new FileError('ENOENT', path)) : Promise.resolve(text);
    },
    list: (path: string) =>
      Promise.resolve(Object.keys(files).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : []))),
  };
  const user = { uid: 0, gid: 0, supplementalGroups: [] };
  const resolve = (host: string) => Promise.resolve(/^[\d.]+$/.test(host) || host === 'web' ? ['10.0.0.1'] : []);
  try {
    const config = await buildConfiguration(await parseConfig(reading, FILE), { version: '1.29.1', resolve, user });
    return config.warnings.join('\n');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

const inHttp = (text: string) => verdict({ [FILE]: `events {}\nhttp {\n${text}\n}\n` });
const NO_URI =
  '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block';

/** As `nginx -t` of nginx 1.22 says it, without the place of the third line. */
describe('a configuration that is wrong', () => {
  test.each([
    ['server { listen 99999; }', 'invalid port in "99999" of the "listen" directive'],
    ['server { listen 80 foo; }', 'invalid parameter "foo"'],
    ['server { listen 80; listen 80; }', 'a duplicate listen 0.0.0.0:80'],
    ['server { listen 80; listen *:80; }', 'a duplicate listen 0.0.0.0:80'],
    ['server { listen 80 default_server; } server { listen 80 default_server; }', 'a duplicate default server for 0.0.0.0:80'],
    ['server { return 9999; }', 'invalid return code "9999"'],
    ['server { return foo; }', 'invalid return code "foo"'],
    ['server { return 200 a b; }', 'invalid number of arguments in "return" directive'],
    ['server { rewrite a b foo; }', 'invalid parameter "foo"'],
    ['server { location x y {} }', 'invalid location modifier "x"'],
    ['server { location / {} location / {} }', 'duplicate location "/"'],
    ['server { location /a { location /b {} } }', 'location "/b" is outside location "/a"'],
    ['server { location = /a { location /a {} } }', 'location "/a" cannot be inside the exact location "/a"'],
    ['server { proxy_pass http://x; }', '"proxy_pass" directive is not allowed here'],
    ['server { location / { proxy_pass foo; } }', 'invalid URL prefix'],
    ['server { location / { proxy_pass http://nohost; } }', 'host not found in upstream "nohost"'],
    ['server { location ~ / { proxy_pass http://127.0.0.1/x; } }', NO_URI],
    ['server { location @a { proxy_pass http://127.0.0.1/; } }', NO_URI],
    ['server { location / { proxy_pass http://a:99999; } }', 'invalid port in upstream "a:99999"'],
    ['upstream x {}', 'no servers are inside upstream'],
    ['upstream x { server nohost:80; }', 'host not found in upstream "nohost:80"'],
    ['upstream x { server 1.1.1.1:80 foo=1; }', 'invalid parameter "foo=1"'],
    ['upstream x { server 1.1.1.1 weight=0; }', 'invalid parameter "weight=0"'],
    ['upstream x { server 1.1.1.1 backup; }', 'no servers in upstream "x"'],
    ['upstream a { server 127.0.0.1; } upstream a { server 127.0.0.1; }', 'duplicate upstream "a"'],
    ['upstream a { server 127.0.0.1:80/x; }', 'invalid host in upstream "127.0.0.1:80/x"'],
    ['server { root /a; root /b; }', '"root" directive is duplicate'],
    ['server { location / { root /a; alias /b; } }', '"alias" directive is duplicate, "root" directive was specified earlier'],
    ['server { gzip maybe; }', 'invalid value "maybe" in "gzip" directive, it must be "on" or "off"'],
    ['server { gzip on; gzip on; }', '"gzip" directive is duplicate'],
    ['server { client_max_body_size 1x; }', '"client_max_body_size" directive invalid value'],
    ['server { proxy_read_timeout x; }', '"proxy_read_timeout" directive invalid value'],
    ['server { keepalive_timeout x; }', '"keepalive_timeout" directive invalid value'],
    ['server { expires foo; }', '"expires" directive invalid value'],
    ['server { error_page foo /x; }', 'invalid value "foo"'],
    ['server { error_page 99 /x; }', 'value "99" must be between 300 and 599'],
    ['server { location / { try_files a; } }', 'invalid number of arguments in "try_files" directive'],
    ['server { set x y; }', 'invalid variable name "x"'],
    ['server { set $x; }', 'invalid number of arguments in "set" directive'],
    [`server { return 200 "${'$'}{foo"; }`, 'the closing bracket in "foo" variable is missing'],
    ['server { location ~ ( {} }', 'pcre2_compile() failed: missing closing parenthesis in "("'],
    ['server { server_name ~( ; }', 'pcre2_compile() failed: missing closing parenthesis in "("'],
    ['server { if ($host ~ "(") { return 200; } }', 'pcre2_compile() failed: missing closing parenthesis in "("'],
    ['server { location ~ *a {} }', 'pcre2_compile() failed: quantifier does not follow a repeatable item in "*a" at "*a"'],
    ['server { add_header a b foo; }', 'invalid parameter "foo"'],
    ['server { access_log /tmp/x nofmt; }', 'unknown log format "nofmt"'],
    ['log_format a b; log_format a c;', 'duplicate "log_format" name "a"'],
    ['server { listen 443 ssl; }', 'no "ssl_certificate" is defined for the "listen ... ssl" directive'],
    ['server { allow foo; }', 'invalid parameter "foo"'],
    ['server { satisfy foo; }', 'invalid value "foo"'],
    ['server { server_tokens foo; }', 'invalid value "foo"'],
    ['server { ssl_protocols foo; }', 'invalid value "foo"'],
    ['server { if foo { return 200; } }', 'invalid condition "foo"'],
    ['server { if ($host == a) { return 200; } }', 'unexpected "==" in condition'],
    ['server { if ($request_method = POST) { proxy_pass http://127.0.0.1; } }', '"proxy_pass" directive is not allowed here'],
    ['map $host $b { default x; x y z; }', 'invalid number of the map parameters'],
    ['server { types { a b { } } }', 'unexpected "{"'],
    ['server { listen 80 }', 'unexpected "}"'],
    ['server { foo }', 'unexpected "}"'],
    ['server { foo; }', 'unknown directive "foo"'],
    ['server { listen "80"x; }', 'unexpected "x"'],
    ['server { index; }', 'invalid number of arguments in "index" directive'],
    ['server { server; }', '"server" directive is not allowed here'],
    ['http {}', '"http" directive is not allowed here'],
    ['server { worker_processes 1; }', '"worker_processes" directive is not allowed here'],
    ['server { location /a { limit_except GET { deny all; root x; } } }', '"root" directive is not allowed here'],
    ['server { location / }', 'unexpected "}"'],
    ['server { location /; }', 'directive "location" has no opening "{"'],
    ['server { listen 80 { } }', 'directive "listen" is not terminated by ";"'],
    ['include /nope;', 'open() "/nope" failed (2: No such file or directory)'],
  ])('%s: %s', async (text, wanted) => {
    expect(await inHttp(text)).toBe(`${wanted} in ${FILE}:3`);
  });

  test.each([
    ['server { return 200 $foo; }', 'unknown "foo" variable'],
    ['server { if ($a = b) { return 200; } }', 'unknown "a" variable'],
    ['server { listen 80;', `unexpected end of file, expecting "}" in ${FILE}:5`],
    ['server { location / { return 200 "a', `unexpected end of file, expecting ";" or "}" in ${FILE}:5`],
    ['server { listen 80; server_name a; } server { listen 80; server_name a; }', 'conflicting server name "a" on 0.0.0.0:80, ignored'],
    ['server { if ($x) { return 200; } set $x 1; }', ''],
    ['server { if ($host = "") { return 200; } if (!-f $request_filename) { break; } }', ''],
    ['include /nope/*.conf;', ''],
    ['# a comment { \n server { location ~* "\\.(?:gif|jpe?g)$" { expires 30d; } location ~ /\\.(?!well-known) { deny all; } }', ''],
    ['map $uri $new { default 0; ~^/old/(?<rest>.*)$ /new/$rest; include /etc/nginx/conf.d/*.map; }', ''],
  ])('%s: %s', async (text, wanted) => {
    expect(await inHttp(text)).toBe(wanted);
  });

  test('files that are included are read in their order, and errors name them', async () => {
    const main = 'events {}\nhttp {\n  include conf.d/*.conf;\n}\n';
    expect(await verdict({ [FILE]: main, '/etc/nginx/conf.d/b.conf': '\n\n foo on;', '/etc/nginx/conf.d/a.conf': 'server {\n}\n' })).toBe(
      'unknown directive "foo" in /etc/nginx/conf.d/b.conf:3',
    );
    expect(await verdict({ [FILE]: 'http {}\n' })).toBe('no "events" section in configuration');
    expect(await verdict({})).toBe(`open() "${FILE}" failed (2: No such file or directory)`);
  });
});
