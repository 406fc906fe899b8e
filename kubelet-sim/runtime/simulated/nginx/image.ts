import type { ImageEntry } from '../image-catalog.ts';
import { OWN_SCRIPTS } from './entrypoint.ts';
import { MIME_TYPES } from './mime-types.ts';
import { LAST, MAINLINE } from './version.ts';

/** The files of the official images (nginx's own packages), by the user that they are for. */
const NGINX_CONF = `
user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile        on;
    #tcp_nopush     on;

    keepalive_timeout  65;

    #gzip  on;

    include /etc/nginx/conf.d/*.conf;
}
`;

const DEFAULT_CONF = `server {
    listen       80;
    server_name  localhost;

    #access_log  /var/log/nginx/host.access.log  main;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    #error_page  404              /404.html;

    # redirect server error pages to the static page /50x.html
    #
    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }

    # proxy the PHP scripts to Apache listening on 127.0.0.1:80
    #
    #location ~ \\.php$ {
    #    proxy_pass   http://127.0.0.1;
    #}

    # pass the PHP scripts to FastCGI server listening on 127.0.0.1:9000
    #
    #location ~ \\.php$ {
    #    root           html;
    #    fastcgi_pass   127.0.0.1:9000;
    #    fastcgi_index  index.php;
    #    fastcgi_param  SCRIPT_FILENAME  /scripts$fastcgi_script_name;
    #    include        fastcgi_params;
    #}

    # deny access to .htaccess files, if Apache's document root
    # concurs with nginx's one
    #
    #location ~ /\\.ht {
    #    deny  all;
    #}
}

`;

export const INDEX = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`;

const ERROR_PAGE = `<!DOCTYPE html>
<html>
<head>
<title>Error</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>An error occurred.</h1>
<p>Sorry, the page you are looking for is currently unavailable.<br/>
Please try again later.</p>
<p>If you are the system administrator of this resource then you should check
the error log for details.</p>
<p><em>Faithfully yours, nginx.</em></p>
</body>
</html>
`;

/** Who passes requests on to FastCGI says so; what of is not looked at. */
const FASTCGI_PARAMS = [
  ['QUERY_STRING', '$query_string'],
  ['REQUEST_METHOD', '$request_method'],
  ['CONTENT_TYPE', '$content_type'],
  ['CONTENT_LENGTH', '$content_length'],
  ['REQUEST_URI', '$request_uri'],
  ['DOCUMENT_URI', '$document_uri'],
  ['DOCUMENT_ROOT', '$document_root'],
  ['SERVER_PROTOCOL', '$server_protocol'],
  ['REMOTE_ADDR', '$remote_addr'],
  ['REMOTE_PORT', '$remote_port'],
  ['SERVER_ADDR', '$server_addr'],
  ['SERVER_PORT', '$server_port'],
  ['SERVER_NAME', '$server_name'],
]
  .map(([name = '', value = '']) => `fastcgi_param  ${name.padEnd(18)}${value};\n`)
  .join('');

const HTML = '/usr/share/nginx/html';

/** What stands in the place of the image's scripts: what they do, the entrypoint does. */
const SCRIPTS = Object.fromEntries(OWN_SCRIPTS.map((name) => [`/docker-entrypoint.d/${name}`, `#!/bin/sh\n# ${name}\n`]));

/** When images were built: their pages are from then. */
const BUILT_AT = Date.UTC(2025, 7, 13, 14, 33, 41);

const LINKS = { '/var/log/nginx/access.log': '/dev/stdout', '/var/log/nginx/error.log': '/dev/stderr' };

const OFFICIAL_FILES = {
  '/docker-entrypoint.sh': '#!/bin/sh\n# docker-entrypoint.sh\n',
  ...SCRIPTS,
  [`${HTML}/index.html`]: INDEX,
  [`${HTML}/50x.html`]: ERROR_PAGE,
  '/etc/nginx/nginx.conf': NGINX_CONF,
  '/etc/nginx/conf.d/default.conf': DEFAULT_CONF,
  '/etc/nginx/mime.types': MIME_TYPES,
  '/etc/nginx/fastcgi_params': FASTCGI_PARAMS,
};

const TEMPORARY = `    proxy_temp_path /tmp/proxy_temp;
    client_body_temp_path /tmp/client_temp;
    fastcgi_temp_path /tmp/fastcgi_temp;
    uwsgi_temp_path /tmp/uwsgi_temp;
    scgi_temp_path /tmp/scgi_temp;

`;

const UNPRIVILEGED_CONF = NGINX_CONF.replace('\nuser  nginx;\n', '')
  .replace('/run/nginx.pid', '/tmp/nginx.pid')
  .replace('http {\n', `http {\n${TEMPORARY}`);

/** Variables that differ by the tag's branch. */
const environment = (version: string): Record<string, string> => ({
  NGINX_VERSION: version,
  NJS_VERSION: '0.9.1',
  NJS_RELEASE: '1~bookworm',
  PKG_RELEASE: '1~bookworm',
});

/** The branches that tags name, the longer first: `1.27-alpine` is of `1.27`. */
const byTag = (entry: Omit<ImageEntry, 'repository' | 'tags'> = {}): ImageEntry['tags'] => {
  const branches = Object.entries(LAST).filter(([branch]) => branch !== '1');
  const alpine = { ...entry, base: 'alpine' };
  const ofBranch = ([branch, version]: [string, string]) =>
    [
      [`${branch}*alpine*`, { ...alpine, env: environment(version) }],
      [`${branch}*`, { ...entry, env: environment(version) }],
    ] as const;
  const stable = environment(LAST['1.28'] ?? MAINLINE);
  return Object.fromEntries([
    ...branches.reverse().flatMap(ofBranch),
    ['stable-alpine*', { ...alpine, env: stable }],
    ['stable*', { ...entry, env: stable }],
    ['*alpine*', alpine],
  ]);
};

const MIB = 1024 * 1024;

/** What all images of nginx have in common. */
export const NGINX: Omit<ImageEntry, 'repository'> = {
  run: 'server',
  args: 'exec',
  native: 'nginx',
  title: ['nginx: master process nginx -g daemon off;'],
  worker: { title: 'nginx: worker process', uid: 101 },
  binaries: ['nginx', 'nginx-debug', '/docker-entrypoint.sh'],
  ports: [80],
  configs: ['/etc/nginx', '/docker-entrypoint.d', '/var/log/nginx'],
  account: 'nginx',
  writes: [{ path: '/var/cache/nginx', message: 'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed ({{error}})' }],
  stopSignal: 'SIGQUIT',
  reaps: true,
  env: environment(MAINLINE),
  files: OFFICIAL_FILES,
  links: LINKS,
  builtAt: BUILT_AT,
  versionsBefore: '1.60',
  sizeBytes: 72_319_283,
  memoryBytes: 6 * MIB,
};

/** Images of nginx. */
export const NGINX_IMAGES: readonly ImageEntry[] = [
  { repository: 'nginx', ...NGINX, tags: byTag() },
  { repository: 'nginx-slim', ...NGINX, sizeBytes: 9_000_000, versionsBefore: '1.0' },
  {
    repository: 'nginxinc/nginx-unprivileged',
    ...NGINX,
    ports: [8080],
    uid: 101,
    gid: 101,
    title: ['nginx: master process nginx -g daemon off;'],
    writes: [{ path: '/tmp', message: 'nginx: [emerg] mkdir() "/tmp/proxy_temp" failed ({{error}})' }],
    files: {
      ...OFFICIAL_FILES,
      '/etc/nginx/nginx.conf': UNPRIVILEGED_CONF,
      '/etc/nginx/conf.d/default.conf': DEFAULT_CONF.replace('listen       80;', 'listen       8080;'),
    },
  },
];
