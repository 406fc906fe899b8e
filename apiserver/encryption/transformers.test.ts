import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aesCbc, aesGcm, identity, prefixed, secretbox, type Transformer } from './transformers.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const PLAIN = Buffer.from('{"kind":"Secret"}');
const AT = '/registry/secrets/default/a';

const MAKERS: readonly [string, (secret: Buffer) => Transformer][] = [
  ['aescbc', aesCbc],
  ['aesgcm', aesGcm],
  ['secretbox', secretbox],
];

describe('known answers', () => {
  it('AES-CBC: 16 bytes IV, then PKCS#7 padded blocks', () => {
    const sealed = aesCbc(KEY).seal(AT, PLAIN);
    expect(sealed.length).toBe(16 + 32);
    const raw = createDecipheriv('aes-256-cbc', KEY, sealed.subarray(0, 16)).setAutoPadding(false);
    const padded = Buffer.concat([raw.update(sealed.subarray(16)), raw.final()]);
    expect(padded).toEqual(Buffer.concat([PLAIN, Buffer.alloc(15, 15)]));
  });

  it('AES-GCM: test case 14 of its specification', () => {
    const sealed = hex(`${'00'.repeat(12)}cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919`);
    expect(aesGcm(Buffer.alloc(32)).open('', sealed).bytes).toEqual(Buffer.alloc(16));
  });

  it('secretbox: the example of NaCl', () => {
    const nonce = '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37';
    const box =
      'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972' +
      '71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3' +
      '7973f622a43d14a6599b1f654cb45a74e355a5';
    const text =
      'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31' +
      '0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864' +
      '5e0705';
    const key = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
    expect(secretbox(key).open(AT, hex(nonce + box)).bytes).toEqual(hex(text));
  });
});

describe.each(MAKERS)('%s', (name, make) => {
  it('opens what it sealed, never seals alike, and never shows the text', () => {
    const transformer = make(KEY);
    for (const length of [1, 15, 16, 17, 5000]) {
      const text = Buffer.alloc(length, 'secret');
      const sealed = transformer.seal(AT, text);
      expect(transformer.open(AT, sealed)).toEqual({ bytes: text, stale: false });
      expect(transformer.seal(AT, text)).not.toEqual(sealed);
      if (length > 15) expect(sealed.includes('secretsecret')).toBe(false);
    }
  });

  it('does not open what another key sealed, what was cut off, or what is nothing', () => {
    const sealed = make(KEY).seal(AT, PLAIN);
    expect(() => make(Buffer.alloc(32, 1)).open(AT, sealed)).toThrow();
    expect(() => make(KEY).open(AT, sealed.subarray(0, 20))).toThrow();
    expect(() => make(KEY).open(AT, Buffer.alloc(0))).toThrow('the stored data was shorter than the required size');
  });

  it.runIf(name !== 'aescbc')('notices a changed bit', () => {
    const sealed = make(KEY).seal(AT, PLAIN);
    const last = sealed.length - 1;
    sealed.writeUInt8(sealed.readUInt8(last) ^ 1, last);
    expect(() => make(KEY).open(AT, sealed)).toThrow();
  });
});

it('AES-GCM does not open a value that was moved to another place', () => {
  expect(() => aesGcm(KEY).open('/registry/secrets/default/b', aesGcm(KEY).seal(AT, PLAIN))).toThrow('message authentication failed');
});

describe('several providers', () => {
  const one = { prefix: 'k8s:enc:aescbc:v1:', transformer: prefixed([{ prefix: 'k1:', transformer: aesCbc(KEY) }], 'no matching key') };
  const two = {
    prefix: 'k8s:enc:secretbox:v1:',
    transformer: prefixed([{ prefix: 'k2:', transformer: secretbox(KEY) }], 'no matching key'),
  };
  const none = { prefix: '', transformer: identity };

  it('the first seals, under its name and its key’s', () => {
    expect(prefixed([one, two], '').seal(AT, PLAIN).toString('latin1')).toMatch(/^k8s:enc:aescbc:v1:k1:/);
  });

  it('every one opens, and what is not the first one’s is stale', () => {
    const sealed = prefixed([one, two], '').seal(AT, PLAIN);
    expect(prefixed([one, two], '').open(AT, sealed)).toEqual({ bytes: PLAIN, stale: false });
    expect(prefixed([two, one], '').open(AT, sealed)).toEqual({ bytes: PLAIN, stale: true });
    expect(prefixed([two, none], '').open(AT, PLAIN)).toEqual({ bytes: PLAIN, stale: true });
    expect(prefixed([none, one], '').open(AT, sealed)).toEqual({ bytes: PLAIN, stale: true });
    expect(prefixed([none, one], '').seal(AT, PLAIN)).toEqual(PLAIN);
  });

  it('says what is wrong with what none opens', () => {
    const sealed = prefixed([one], '').seal(AT, PLAIN);
    expect(() => prefixed([two], 'no matching prefix found').open(AT, sealed)).toThrow('no matching prefix found');
    expect(() => prefixed([two, none], 'no matching prefix found').open(AT, sealed)).toThrow('no matching prefix found');
    expect(() => prefixed([one], '').open(AT, Buffer.from('k8s:enc:aescbc:v1:other:x'))).toThrow('no matching key');
  });
});
