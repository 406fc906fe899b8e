import { beforeAll, describe, expect, it } from 'vitest';
import { mounted, TestRuntime } from '../../../../testing/runtime-harness.ts';

const CONFIG = `server {
  listen 80;
  location / { return 200 "$request_method $request_uri $http_cookie|$http_authorization|$content_type\\n"; }
  location = /moved { return 302 /next; }
  location = /loop { return 302 /loop; }
  location = /away { return 302 http://127.0.0.1:81/next; }
  location = /cookies { add_header Set-Cookie "a=1; Path=/"; add_header Set-Cookie "b=2; Path=/x"; return 200 "ok\\n"; }
  location = /busy { return 503 "busy\\n"; }
  location = /none { return 404 "none\\n"; }
}
server { listen 81; location / { return 200 "away $http_cookie|$http_authorization\\n"; } }
`;
const FILES = new Map([['default.conf', { content: Buffer.from(CONFIG), mode: 0o644 }]]);
const VOLUME = { name: 'config', files: () => Promise.resolve(FILES) };
const NO_METER = '--:--:-- --:--:-- --:--:--';

let node: TestRuntime;
let client: string;
let ip: string;
beforeAll(async () => {
  node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'nginx:1.29.1', mounts: [mounted(VOLUME, '/etc/nginx/conf.d')] });
  ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  client = await node.start(sandbox, { image: 'curlimages/curl', script: 'sleep 100000' });
});

/** What a command writes, standard error behind `!`, and its exit code; the server is called HOST. */
const run = async (command: string, seconds = 1) => {
  const { text, code } = await node.exec(client, command.replaceAll('HOST', ip), seconds);
  return { text: text.replaceAll(ip, 'HOST'), code };
};
const said = async (command: string, seconds?: number) => (await run(command, seconds)).text;

describe('requests', () => {
  it.each([
    ['-s HOST/a?b', 'GET /a?b ||\n'],
    ['-s -d x=1 -d @f -d y HOST/', 'POST / ||application/x-www-form-urlencoded\n'],
    ['-s -G -d x=1 --data-urlencode "y=a b&c" HOST/?z', 'GET /?z&x=1&y=a%20b%26c ||\n'],
    ['-s --url-query q=1 -X PUT HOST/', 'PUT /?q=1 ||\n'],
    ['-s --json 1 HOST/', 'POST / ||application/json\n'],
    ['-s -T f HOST/dir/', 'PUT /dir/f ||\n'],
    ['-s -u me:word -b a=b HOST/', 'GET / a=b|Basic bWU6d29yZA==|\n'],
    ['-s --oauth2-bearer T HOST/', 'GET / |Bearer T|\n'],
    ['-s http://me:word@HOST/', 'GET / |Basic bWU6d29yZA==|\n'],
    ['-sL HOST/moved', 'GET /next ||\n'],
    ['-sL -d x HOST/moved', 'GET /next ||\n'],
    ['-sL -d x --post302 HOST/moved', 'POST /next ||application/x-www-form-urlencoded\n'],
    ['-sL -X PUT HOST/moved', 'PUT /next ||\n'],
    ['-sL -u me:word HOST/away', 'away |\n'],
    ['-sL -u me:word --location-trusted HOST/away', 'away |Basic bWU6d29yZA==\n'],
    ['-s HOST/{a,b}/[08-10:2]', 'GET /a/08 ||\nGET /a/10 ||\nGET /b/08 ||\nGET /b/10 ||\n'],
    ['-sg HOST/{a}', 'GET /{a} ||\n'],
    ['-s --resolve web.org:80:HOST http://web.org/', 'GET / ||\n'],
    ['-s --connect-to web.org:80:HOST:81 http://web.org/', 'away |\n'],
    ['-s -x HOST:80 http://web.org/x', 'GET /x ||\n'],
    ['-s -x HOST:80 --noproxy HOST HOST/x', 'GET /x ||\n'],
  ])('%s', async (args, expected) => {
    expect(await said(`cd /tmp; echo hi > f; curl ${args}`)).toBe(expected);
  });

  it('has its headers in the order in which curl sends them', async () => {
    const args = '-sv -u a:b -e ref -b c=d -r 0-5 --compressed -H X:y -H "Host: h" -H Accept: -H "Z;" -d 1 -o /dev/null';
    const sent = (await said(`curl ${args} HOST/`)).match(/> [^\r]*/g);
    expect(sent).toEqual([
      '> POST / HTTP/1.1',
      '> Host: h',
      '> Authorization: Basic YTpi',
      '> Range: bytes=0-5',
      '> User-Agent: curl/8.16.0',
      '> Accept-Encoding: deflate, gzip, br, zstd',
      '> Referer: ref',
      '> Cookie: c=d',
      '> X: y',
      '> Z: ',
      '> Content-Length: 1',
      '> Content-Type: application/x-www-form-urlencoded',
      '> ',
    ]);
  });

  it('a form has its parts between boundaries, files with their names and types', async () => {
    const text = await said(
      'cd /tmp; printf "<p>" > p.html; curl -s --trace-nothing 2>&1 | head -n 1; curl -sv -F a=b -F "f=@p.html" -F "t=<p.html;type=x/y" HOST/',
    );
    expect(text).toMatch(/^curl: option --trace-nothing: is unknown\n/);
    expect(text).toMatch(/> Content-Length: 4\d\d\r\n!?> Content-Type: multipart\/form-data; boundary=-{24}\w{22}\r\n/);
  });

  it('cookies are kept in a jar, and given back to those they are for', async () => {
    await run('cd /tmp; curl -s -c jar HOST/cookies');
    expect(await said('grep -v "^#" /tmp/jar')).toBe('\nHOST\tFALSE\t/\tFALSE\t0\ta\t1\nHOST\tFALSE\t/x\tFALSE\t0\tb\t2\n');
    expect(await said('cd /tmp; curl -s -b jar HOST/ HOST/x/y')).toBe('GET / a=1||\nGET /x/y b=2; a=1||\n');
  });
});

describe('what is written', () => {
  it.each([
    ['-si HOST/none', /^HTTP\/1\.1 404 Not Found\r\nServer: nginx\/1\.29\.1\r\n[\s\S]*\r\n\r\nnone\n$/],
    ['-sI HOST/none', /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*\r\n\r\n$/],
    ['-sD - -o /dev/null HOST/none', /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*\r\n\r\n$/],
    ['-sLi HOST/moved', /^HTTP\/1\.1 302[\s\S]*Location: [^\r]*\/next\r\n[\s\S]*\r\n\r\nHTTP\/1\.1 200[\s\S]*GET \/next/],
    ['-s -o /tmp/#1 HOST/{a,b}; cat /tmp/a /tmp/b', /^GET \/a \|\|\nGET \/b \|\|\n$/],
    ['-sO --output-dir /tmp/d --create-dirs HOST/x/y.txt; cat /tmp/d/y.txt', /^GET \/x\/y\.txt/],
    [
      "-s -o /dev/null -w '%{http_code} %{remote_ip} %{remote_port} %{local_ip} %{http_version} %{method}\\n' HOST/",
      /^200 HOST 80 HOST 1\.1 GET\n$/,
    ],
    ["-sL -o /dev/null -w '%{num_redirects} %{url_effective} %{size_download}' HOST/moved", /^1 http:\/\/HOST\/next 13$/],
    [
      "-s -o /dev/null -w '%{redirect_url} %header{server} %{scheme}%%\\t%{onerror}no' HOST/moved",
      /^http:\/\/HOST\/next nginx\/1\.29\.1 http%\t$/,
    ],
    [
      "-s -w '%{http_code} %{exitcode} %{errormsg}%{onerror}!' HOST:9/",
      /^000 7 Failed to connect to HOST port 9 after 0 ms: Could not connect to server!$/,
    ],
    ["-s -o /dev/null -w '%{nope}%{stderr}e' HOST/", /^!curl: unknown --write-out variable: 'nope'\n!?e$/],
  ])('%s', async (args, expected) => {
    expect(await said(`curl ${args}`)).toMatch(expected);
  });

  it('%{json} has all that can be told', async () => {
    const facts = JSON.parse(await said("curl -s -o /dev/null -w '%{json}' HOST/"));
    expect(facts).toMatchObject({
      http_code: 200,
      response_code: 200,
      size_download: 9,
      num_headers: 5,
      exitcode: 0,
      content_type: 'application/octet-stream',
    });
    expect(facts).not.toHaveProperty(['url.host']);
  });

  it('where no terminal is, a meter at the beginning and the end', async () => {
    expect(await said('curl HOST/ > /dev/null')).toBe(
      '!  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
        '                                 Dload  Upload   Total   Spent    Left  Speed\n' +
        `\r  0     0    0     0    0     0      0      0 ${NO_METER}     0` +
        `!\r100     9  100     9    0     0   9000      0 ${NO_METER}  9000\n`,
    );
    expect(await said('curl -# -o /dev/null HOST/')).toBe(`!\r${'#'.repeat(72)} 100.0%\n`);
    expect(await said('curl --no-progress-meter -o /dev/null HOST/')).toBe('');
  });

  it('-v tells how it went', async () => {
    const told = (await said('curl -sv -o /dev/null http://HOST/none')).replaceAll('!', '').replace(/Date: [^\r]*/g, 'Date');
    expect(told).toBe(
      '*   Trying HOST:80...\n* Established connection to HOST (HOST port 80) from HOST port 40000 \n* using HTTP/1.x\n' +
        '> GET /none HTTP/1.1\r\n> Host: HOST\r\n> User-Agent: curl/8.16.0\r\n> Accept: */*\r\n> \r\n* Request completely sent off\n' +
        '< HTTP/1.1 404 Not Found\r\n< Server: nginx/1.29.1\r\n< Date\r\n< Content-Type: application/octet-stream\r\n< Content-Length: 5\r\n' +
        '< Connection: keep-alive\r\n< \r\n{ [5 bytes data]\n* Connection #0 to host HOST:80 left intact\n',
    );
  });
});

describe('what goes wrong', () => {
  const MORE = "curl: try 'curl --help' or 'curl --manual' for more information\n";
  it.each([
    ['', 2, `!${MORE}`],
    ['-s', 2, `!curl: (2) no URL specified\n${MORE}`],
    ['--bogus x', 2, `!curl: option --bogus: is unknown\n${MORE}`],
    ['--output=x HOST', 2, `!curl: option --output=x: is unknown\n${MORE}`],
    ['-s -o', 2, `!curl: option -o: requires parameter\n${MORE}`],
    ['-m x HOST', 2, `!curl: option -m: expected a proper numerical parameter\n${MORE}`],
    ['--digest HOST', 2, `!curl: option --digest: the installed libcurl version does not support this\n${MORE}`],
    ['-d @absent HOST', 26, `!curl: Failed to open absent\ncurl: option -d: error encountered when reading a file\n${MORE}`],
    ['-F a=@absent HOST', 26, '!curl: (26) Failed to open/read local data from file/application\n'],
    ['-sS ftp://HOST', 1, '!curl: (1) Protocol "ftp" not supported\n'],
    ['-sS "http://a b/"', 3, '!curl: (3) URL rejected: Malformed input to a URL function\n'],
    ['-sS http:///x', 3, '!curl: (3) URL rejected: No host part in the URL\n'],
    ['-sS HOST:99999', 3, '!curl: (3) URL rejected: Port number was not a decimal number between 0 and 65535\n'],
    ['-sS http://x/[a-', 3, '!curl: (3) bad range in URL position 11:\nhttp://x/[a-\n          ^\n'],
    ['-sS http://nothing', 6, '!curl: (6) Could not resolve host: nothing\n'],
    ['-sS HOST:9', 7, '!curl: (7) Failed to connect to HOST port 9 after 0 ms: Could not connect to server\n'],
    ['-sSf HOST/none', 22, '!curl: (22) The requested URL returned error: 404\n'],
    ['-s --fail-with-body HOST/none', 22, 'none\n'],
    ['-s -f HOST/none', 22, ''],
    ['-sSL --max-redirs 2 HOST/loop', 47, '!curl: (47) Maximum (2) redirects followed\n'],
    ['-sSk --cacert /absent https://HOST', 7, '!curl: (7) Failed to connect to HOST port 443 after 0 ms: Could not connect to server\n'],
    [
      '-sS -o /none/x HOST/',
      23,
      '!Warning: Failed to open the file /none/x: No such file or directory\n!curl: (23) Failure writing output to destination, passed 9 returned 0\n',
    ],
  ])('%s: %i', async (args, code, text) => {
    expect(await run(`curl ${args}`)).toEqual({ text, code });
  });

  it('--retry waits twice as long each time, for what may pass only', async () => {
    const warning = (seconds: string, left: string) => `!Warning: Problem : HTTP error. Will retry in ${seconds}. ${left} left.\n`;
    expect(await run('curl --no-progress-meter -f --retry 2 HOST/busy -w "%{num_retries}"', 10)).toEqual({
      text:
        `!curl: (22) The requested URL returned error: 503\n${warning('1 second', '2 retries')}` +
        `!curl: (22) The requested URL returned error: 503\n${warning('2 seconds', '1 retry')}` +
        '!curl: (22) The requested URL returned error: 503\n2',
      code: 22,
    });
    expect(await said('curl -sS --retry 2 HOST:9', 10)).toBe(
      '!curl: (7) Failed to connect to HOST port 9 after 0 ms: Could not connect to server\n',
    );
    expect(await said('curl -s --retry 1 --retry-connrefused HOST:9 -w "%{num_retries}"', 10)).toBe('1');
  });
});
