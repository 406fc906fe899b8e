import { describe, expect, it } from 'vitest';
import { CompareMessage, EventMessage, KeyValueMessage, LeaseTimeToLiveResponse, TxnRequest, WatchCreateRequest } from './etcd.ts';
import { KV_SERVICE } from './services.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');

describe('protobuf messages as tables', () => {
  it('writes what protoc would write', () => {
    expect(hex(KeyValueMessage.encode({ key: Buffer.from('a'), modRevision: 300, lease: -1n }))).toBe('0a016118ac0230ffffffffffffffffff01');
    expect(hex(CompareMessage.encode({ target: 2, key: Buffer.from('k'), rangeEnd: Buffer.from('l') }))).toBe('10021a016b8204016c');
    expect(hex(WatchCreateRequest.encode({ filters: [0, 1] }))).toBe('2a020001');
  });

  it('reads back what it wrote, with the widest numbers', () => {
    const kv = {
      key: Buffer.from('key'),
      createRevision: 2 ** 48,
      modRevision: Number.MAX_SAFE_INTEGER,
      version: 7,
      value: Buffer.alloc(3000, 1),
      lease: 2n ** 63n - 1n,
    };
    expect(KeyValueMessage.decode(KeyValueMessage.encode(kv))).toEqual(kv);
    expect(EventMessage.decode(EventMessage.encode({ type: 1, kv }))).toEqual({ type: 1, kv, prevKv: undefined });
    const left = { header: undefined, id: 5n, ttl: -1, grantedTtl: 10, keys: [Buffer.from('a'), Buffer.alloc(0)] };
    expect(LeaseTimeToLiveResponse.decode(LeaseTimeToLiveResponse.encode(left))).toEqual(left);
  });

  it('keeps an operation that says nothing, and transactions within transactions', () => {
    const txn = TxnRequest.decode(
      TxnRequest.encode({ success: [{ range: {} }, { txn: { failure: [{ put: { key: Buffer.from('a') } }] } }] }),
    );
    expect(txn.success[0]?.range?.limit).toBe(0);
    expect(txn.success[1]?.txn?.failure[0]?.put?.key.toString()).toBe('a');
  });

  it('passes over fields it does not know, and reads numbers packed or not', () => {
    expect(WatchCreateRequest.decode(Buffer.from('28002801f80701fa070161', 'hex')).filters).toEqual([0, 1]);
    expect(WatchCreateRequest.decode(Buffer.from('2a020001', 'hex')).filters).toEqual([0, 1]);
  });

  it('refuses what is cut off', () => {
    expect(() => KeyValueMessage.decode(Buffer.from('0a05', 'hex'))).toThrow(RangeError);
  });

  it('names methods as etcd does', () => {
    expect(KV_SERVICE.range.path).toBe('/etcdserverpb.KV/Range');
  });
});
