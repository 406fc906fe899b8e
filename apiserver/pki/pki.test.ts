import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKey, issueCertificate, systemClock, UserError, VirtualClock } from '../../runtime/index.ts';
import { ensurePki, type Pki, writeKubeconfigs } from './index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nanokube-pki-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const make = (clock = systemClock) => ensurePki({ directory, hosts: ['10.96.0.1', '192.168.7.9', 'fd00::1', 'api.example.com'], clock });

/** A GET with a client certificate; answers what the server saw of it. */
function callWith(pki: Pki, client: { certificate: string; key: string }, host = '127.0.0.1'): Promise<string> {
  const server = createServer(
    { cert: pki.server.certificate, key: pki.server.key, ca: pki.ca, requestCert: true, rejectUnauthorized: false },
    (req, res) => {
      if (!(req.socket instanceof TLSSocket)) throw new Error('not TLS');
      const { subject } = req.socket.getPeerCertificate();
      res.end(JSON.stringify({ authorized: req.socket.authorized, ...subject }));
    },
  );
  return new Promise((resolve, reject) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const options = { host: '127.0.0.1', port, ca: pki.ca, cert: client.certificate, key: client.key, servername: host, agent: false };
      request(options, async (res) => resolve(Buffer.concat(await res.toArray()).toString()))
        .on('error', reject)
        .end();
    });
  }).finally(() => server.close()) as Promise<string>;
}

describe('ensurePki', () => {
  it('gives processes that start at once the same keys and certificates', async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: 6 }, () => make()));
    for (const other of others) expect(other).toEqual(first);
    expect(await make()).toEqual(first);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('names a CA that the user brought as that names itself, to the byte', async () => {
    // As kubeadm's: printable strings, and an identifier of the key that is not computed as ours are.
    const [ca, subject] = [join(directory, 'ca'), '/O=acme/CN=kubernetes'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const own = ['-nodes', '-keyout', `${ca}.key`, '-out', `${ca}.crt`, '-subj', subject, '-config', `${ca}.cnf`];
    const extensions = '[ca]\nsubjectKeyIdentifier=hash\nbasicConstraints=critical,CA:TRUE\n';
    await writeFile(`${ca}.cnf`, `[req]\nstring_mask=default\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n${extensions}`);
    execFileSync('openssl', ['req', '-x509', '-days', '30', ...curve, ...own], { stdio: 'pipe' });
    const { server, ca: pem } = await make();
    expect(execFileSync('openssl', ['verify', '-CAfile', `${ca}.crt`, join(directory, 'apiserver.crt')]).toString()).toContain('OK');
    const identifierOf = (text: string, what: string) => {
      const shown = execFileSync('openssl', ['x509', '-noout', '-ext', what], { input: text }).toString();
      return /([0-9A-F]{2}(?::[0-9A-F]{2}){19})/.exec(shown)?.[1];
    };
    expect(identifierOf(server.certificate, 'authorityKeyIdentifier')).toBe(identifierOf(pem, 'subjectKeyIdentifier'));
    const shown = (text: string, what: string) =>
      execFileSync('openssl', ['x509', '-noout', what, '-nameopt', 'show_type,sname'], { input: text }).toString().replace(/^\w+=/, '');
    expect(shown(server.certificate, '-issuer')).toBe(shown(pem, '-subject'));
    expect(shown(pem, '-subject')).toContain('PRINTABLESTRING');
  });

  it('makes every file once, keys readable by the owner alone', async () => {
    await make();
    const files = (await readdir(directory)).sort();
    const pairs = [
      'admin',
      'apiserver',
      'apiserver-kubelet-client',
      'ca',
      'controller-manager',
      'front-proxy-ca',
      'front-proxy-client',
      'kubelet',
      'scheduler',
    ];
    expect(files).toEqual([...pairs.flatMap((name) => [`${name}.crt`, `${name}.key`]), 'sa.key', 'sa.pub'].sort());
    for (const file of files.filter((name) => name.endsWith('.key'))) {
      expect((await stat(join(directory, file))).mode & 0o777, file).toBe(0o600);
    }
  });

  it('never overwrites what is there', async () => {
    const first = await make();
    expect(await make()).toEqual(first);
  });

  it('finishes what a killed process began: a key without its certificate', async () => {
    const first = await make();
    await unlink(join(directory, 'admin.crt'));
    const second = await make();
    expect(second.clients.admin.key).toBe(first.clients.admin.key);
    expect(new X509Certificate(second.clients.admin.certificate).verify(new X509Certificate(first.ca).publicKey)).toBe(true);
  });

  it('names the server as clients reach it', async () => {
    const certificate = new X509Certificate((await make()).server.certificate);
    for (const ip of ['127.0.0.1', '::1', '10.96.0.1', '192.168.7.9', 'fd00::1']) expect(certificate.checkIP(ip), ip).toBeTruthy();
    for (const name of ['kubernetes', 'kubernetes.default.svc.cluster.local', 'localhost', 'api.example.com']) {
      expect(certificate.checkHost(name), name).toBe(name);
    }
    expect(certificate.checkHost('elsewhere.example.com')).toBeUndefined();
  });

  it('makes certificates that TLS accepts on both sides, with user and groups in the subject', async () => {
    const pki = await make();
    expect(JSON.parse(await callWith(pki, pki.clients.admin, 'localhost'))).toEqual({
      authorized: true,
      CN: 'kubernetes-admin',
      O: 'system:masters',
    });
    expect(JSON.parse(await callWith(pki, pki.clients.kubelet, 'localhost'))).toMatchObject({ CN: 'system:nanokube:kubelet-sim' });
  });

  it('lets the server certificate not pass for a client', async () => {
    const pki = await make();
    expect(JSON.parse(await callWith(pki, pki.server, 'localhost'))).toMatchObject({ authorized: false });
  });

  it('signs with a CA that the user brought, RSA or not, and works without its key once all is made', async () => {
    const key = generateKey();
    const subject = { commonName: 'corp root', organizations: ['Corp', 'Security'] };
    const pem = issueCertificate({ subject, key, use: 'ca', notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 1e9 });
    await writeFile(join(directory, 'ca.crt'), pem);
    await expect(make()).rejects.toThrow(/cannot be made without .*ca\.key/);
    await writeFile(join(directory, 'ca.key'), key.export({ type: 'pkcs8', format: 'pem' }));
    const pki = await make();
    expect(new X509Certificate(pki.server.certificate).checkIssued(new X509Certificate(pem))).toBe(true);
    await unlink(join(directory, 'ca.key'));
    expect(await make()).toEqual(pki);
  });
});

describe('what is wrong with a file is told in one line', () => {
  const failure = async (clock = systemClock) => {
    const error: unknown = await make(clock).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    const message = error instanceof Error ? error.message : '';
    expect(message).not.toContain('\n');
    return message;
  };

  it.each([
    ['admin.crt', 'is not a certificate in PEM form'],
    ['ca.crt', 'is not a certificate in PEM form'],
    ['scheduler.key', 'is not a private key in PEM form'],
    ['sa.key', 'is not a private key in PEM form'],
    ['sa.pub', 'is not a public key in PEM form'],
  ])('malformed %s', async (file, text) => {
    await make();
    await writeFile(join(directory, file), 'nonsense');
    expect(await failure()).toContain(text);
  });

  it('expired', async () => {
    await make(new VirtualClock(Date.UTC(2001, 0, 1)));
    expect(await failure()).toContain('expired on');
  });

  it('a key missing beside its certificate', async () => {
    await make();
    await unlink(join(directory, 'apiserver.key'));
    expect(await failure()).toContain('apiserver.key is missing beside');
  });

  it('a key of another certificate', async () => {
    await make();
    await writeFile(join(directory, 'kubelet.key'), await readFile(join(directory, 'admin.key')));
    expect(await failure()).toContain('does not belong to');
  });

  it('a certificate of another CA', async () => {
    await make();
    await unlink(join(directory, 'ca.crt'));
    await unlink(join(directory, 'ca.key'));
    expect(await failure()).toContain('was not issued by the ca.crt beside it');
  });

  it('a directory that cannot be', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(ensurePki({ directory: join(directory, 'file', 'pki'), hosts: [], clock: systemClock })).rejects.toThrow(UserError);
  });
});

it('writes kubeconfigs over older ones', async () => {
  const pki = await make();
  await writeKubeconfigs(directory, pki, 'https://127.0.0.1:1');
  await writeKubeconfigs(directory, pki, 'https://127.0.0.1:6443');
  const text = await readFile(join(directory, 'admin.kubeconfig'), 'utf8');
  expect(text).toContain('server: https://127.0.0.1:6443\n');
  expect(text).toContain(Buffer.from(pki.ca).toString('base64'));
  expect((await stat(join(directory, 'admin.kubeconfig'))).mode & 0o777).toBe(0o600);
  expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
