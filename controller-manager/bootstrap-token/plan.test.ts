import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Live, type Secret, toTime } from '../../api/index.ts';
import { meta, NOW } from '../testing/builders.ts';
import { detachedSignature, planSignatures, remainingMs, signingToken } from './plan.ts';

const token = (more: Record<string, string> = {}, name = 'bootstrap-token-abcdef'): Live<Secret> => ({
  metadata: meta(name, { namespace: 'kube-system' }),
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more }).map(
      ([key, text]) => [key, Buffer.from(text).toString('base64')],
    ),
  ),
});
const at = (ms: number) => ({ expiration: toTime(NOW + ms) });

describe('a token', () => {
  it('signs when it is one, is meant to and has not expired', () => {
    expect(signingToken(token(), NOW)).toEqual({ id: 'abcdef', secret: '0123456789abcdef' });
    expect(signingToken(token(at(60_000)), NOW)).toBeDefined();
    for (const bad of [
      token(at(-60_000)),
      token({ expiration: 'soon' }),
      token({ 'usage-bootstrap-signing': 'false' }),
      token({ 'token-id': 'fedcba' }),
      token({ 'token-secret': '' }),
      token({}, 'bootstrap-token-ABCDEF'),
    ]) {
      expect(signingToken(bad, NOW)).toBeUndefined();
    }
  });

  it('is good for so long', () => {
    expect([remainingMs(token(), NOW), remainingMs(token(at(5000)), NOW), remainingMs(token(at(-5000)), NOW)]).toEqual([
      undefined,
      5000,
      0,
    ]);
    // Times are as Go takes them, and no others.
    const until = (expiration: string) => remainingMs(token({ expiration }), Date.parse('2026-01-01T00:00:00Z'));
    expect(['2026-01-02', '2026-01-02T00:00Z', '2 Jan 2026', 'soon'].map(until)).toEqual([0, 0, 0, 0]);
    expect(['2026-01-01T00:00:01Z', '2026-01-01T01:00:01+01:00'].map(until)).toEqual([1000, 1000]);
  });
});

describe('cluster-info', () => {
  const info = (data: Record<string, string>) => ({ metadata: meta('cluster-info', { namespace: 'kube-public' }), data });
  const signature = detachedSignature('text', { id: 'abcdef', secret: '0123456789abcdef' });

  it('has a signature for each token, and none besides', () => {
    expect(planSignatures(info({ kubeconfig: 'text', 'jws-kubeconfig-zzzzzz': 'old' }), [token()], NOW)).toEqual({
      kubeconfig: 'text',
      'jws-kubeconfig-abcdef': signature,
    });
    expect(planSignatures(info({ kubeconfig: 'text', 'jws-kubeconfig-abcdef': signature }), [token()], NOW)).toBeUndefined();
    expect(planSignatures(info({ other: 'x' }), [token()], NOW)).toBeUndefined();
  });

  it('is signed with HMAC, the text itself left out', () => {
    const [header = '', payload, mac] = signature.split('.');
    expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"HS256","kid":"abcdef"}');
    expect(payload).toBe('');
    const signed = `${header}.${Buffer.from('text').toString('base64url')}`;
    expect(mac).toBe(createHmac('sha256', '0123456789abcdef').update(signed).digest('base64url'));
    // Upstream's TestSimpleSign.
    expect(detachedSignature('payload', { id: 'abc123', secret: 'tokenSecret' })).toBe(
      'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiYzEyMyJ9..QSxpUG7Q542CirTI2ECPSZjvBOJURUW5a7XqFpNI958',
    );
  });
});
