import { describe, expect, it } from 'vitest';
import { formatOf, isSupportedFormat } from './formats.ts';

describe('formats', () => {
  it.each<[format: string, good: string[], bad: string[]]>([
    ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901']],
    [
      'uri',
      ['http://a.b/c?d#e', '/path', 'mailto:a@b', 'https://[::1]:80/', 'http://%C3%A9.com/'],
      ['', 'a/b', 'http://a b/', 'http://a:x/', '%zz', 'http://a/%zz'],
    ],
    [
      'email',
      ['a@b', 'a.b+c@d.e', '"a b"@c.d', 'Name <a@b.c>', '"N. M." <a@b>', 'a@[127.0.0.1]', 'é@b.c'],
      ['', 'a', 'a@', '@b', 'a b@c', 'a@b c', 'a..b@c', 'Name a@b'],
    ],
    ['hostname', ['a', 'a.bc', 'a-b.example.com', '1a.com', 'é.com'], ['', '-a', 'a..b', 'a_b', `${'a'.repeat(64)}.com`]],
    ['ipv4', ['1.2.3.4', '01.2.3.4', '::ffff:1.2.3.4'], ['1.2.3', '1.2.3.256', '::1']],
    ['ipv6', ['::1', 'fe80::1', '::ffff:1.2.3.4'], ['1.2.3.4', ':::', '::ffff:01.2.3.4']],
    ['cidr', ['10.0.0.0/8', '::/0', '010.0.0.0/8'], ['10.0.0.0', '10.0.0.0/33']],
    [
      'mac',
      ['01:23:45:67:89:ab', '01-23-45-67-89-AB', '0123.4567.89ab', '01:23:45:67:89:ab:cd:ef'],
      ['01:23:45:67:89', '01:23:45:67:89:a', '0123456789ab', '01:23-45:67:89:ab'],
    ],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000', '123E4567E89B12D3A456426614174000'], ['123e4567']],
    ['uuid3', ['123e4567-e89b-32d3-a456-426614174000'], ['123e4567-e89b-42d3-a456-426614174000']],
    ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-42d3-c456-426614174000']],
    ['uuid5', ['123e4567-e89b-52d3-a456-426614174000'], ['123e4567-e89b-42d3-a456-426614174000']],
    ['isbn', ['0321751043', '978-0321751041'], ['0321751044']],
    ['isbn10', ['0321751043', '0-8044-2957-X'], ['978-0321751041']],
    ['isbn13', ['978-0321751041'], ['978-0321751042']],
    ['creditcard', ['4111-1111-1111-1111'], ['4111-1111-1111-1112']],
    ['ssn', ['111-22-3333', '111 22 3333'], ['111223333']],
    ['hexcolor', ['#fff', 'FFFFFF'], ['#ffff']],
    ['rgbcolor', ['rgb(255, 0,10)'], ['rgb(256,0,0)']],
    ['byte', ['Zm9v', 'Zm8='], ['', 'Zm8', 'Zm_v']],
    ['password', ['', 'x'], []],
    ['date', ['2024-02-29', '0000-01-01'], ['2023-02-29', '2024-13-01', '2024-1-1']],
    [
      'date-time',
      ['2014-12-15T19:30:20.000Z', '2014-12-15t19:30:20+02:00'],
      ['2014-12-15', '2014-12-15T24:00:00Z', '2014-12-15T19:30:20', '2014-12-15 19:30:20Z'],
    ],
    ['duration', ['1h30m', '-1.5s', '0', '22 ns', '3 days', '1w'], ['', '5', '5 foo', 'h']],
    ['k8s-short-name', ['a-b'], ['a.b', 'A', 'a'.repeat(64)]],
    ['k8s-long-name', ['a-b.c'], ['a..b', 'A']],
  ])('%s', (format, good, bad) => {
    const isOf = formatOf(format);
    for (const text of good) expect(isOf?.(text), text).toBe(true);
    for (const text of bad) expect(isOf?.(text), text).toBe(false);
  });

  it('are known or not, with and without a dash', () => {
    expect(isSupportedFormat('datetime')).toBe(true);
    expect(isSupportedFormat('date-time')).toBe(true);
    expect(isSupportedFormat('int32')).toBe(false);
    expect(isSupportedFormat('k8s-short-name')).toBe(false);
    expect(formatOf('int32')).toBeUndefined();
  });
});
