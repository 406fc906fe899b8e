/** etcd's other services as clients see them: run it on whatever answers like etcd, and on etcd itself. */
import { describe, expect, it } from 'vitest';
import {
  ALARM_ACTION,
  ALARM_TYPE,
  AUTH_SERVICE,
  CLUSTER_SERVICE,
  HEALTH_SERVICE,
  HEALTH_STATUS,
  KV_SERVICE,
  LEASE_SERVICE,
  MAINTENANCE_SERVICE,
} from '../../store/rpc/index.ts';
import { bytes, type OpenEtcd, put } from './etcd-kv-contract.ts';

const INVALID = 3;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const OUT_OF_RANGE = 11;
const UNIMPLEMENTED = 12;

export function etcdServices(open: OpenEtcd): void {
  describe('leases', () => leases(open));
  describe('the cluster', () => cluster(open));
  describe('maintenance', () => maintenance(open));
  describe('authentication and health', () => others(open));
}

function leases(open: OpenEtcd): void {
  it('are granted, renewed, looked at and revoked, with their keys', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const before = (await put(client, 'x')).header?.revision ?? 0;
    expect(await client.call(LEASE_SERVICE.leaseGrant, { id: 77n, ttl: 100 })).toMatchObject({
      id: 77n,
      ttl: 100,
      error: '',
      header: { revision: before },
    });
    await client.call(KV_SERVICE.put, { key: bytes('b\0'), value: bytes('1'), lease: 77n });
    await client.call(KV_SERVICE.put, { key: bytes('a'), value: bytes('1'), lease: 77n });
    const left = await client.call(LEASE_SERVICE.leaseTimeToLive, { id: 77n, keys: true });
    expect(left).toMatchObject({ id: 77n, grantedTtl: 100, ttl: expect.toSatisfy((ttl: number) => ttl > 0 && ttl <= 100) });
    expect([...left.keys].map((key) => key.toString('latin1')).sort()).toEqual(['a', 'b\0']);
    expect((await client.call(LEASE_SERVICE.leaseTimeToLive, { id: 77n })).keys).toEqual([]);
    expect((await client.call(LEASE_SERVICE.leaseLeases, {})).leases).toEqual([{ id: 77n }]);
    expect((await client.call(LEASE_SERVICE.leaseRevoke, { id: 77n })).header?.revision).toBe(before + 3);
    expect((await client.call(KV_SERVICE.range, { key: bytes('\0'), rangeEnd: bytes('\0') })).kvs.map(({ key }) => key.toString())).toEqual(
      ['x'],
    );
    expect((await client.call(LEASE_SERVICE.leaseLeases, {})).leases).toEqual([]);
  });

  it('get an id when they bring none', async () => {
    await using fixture = await open();
    expect((await fixture.client.call(LEASE_SERVICE.leaseGrant, { ttl: 100 })).id > 0n).toBe(true);
  });

  it('that are not there, or there already, are told apart', async () => {
    await using fixture = await open();
    const { client } = fixture;
    await client.call(LEASE_SERVICE.leaseGrant, { id: 1n, ttl: 100 });
    const exists = { code: FAILED_PRECONDITION, message: 'etcdserver: lease already exists' };
    expect(await client.errorOf(LEASE_SERVICE.leaseGrant, { id: 1n, ttl: 100 })).toEqual(exists);
    const tooLarge = { code: OUT_OF_RANGE, message: 'etcdserver: too large lease TTL' };
    expect(await client.errorOf(LEASE_SERVICE.leaseGrant, { ttl: 9_000_000_001 })).toEqual(tooLarge);
    const missing = { code: NOT_FOUND, message: 'etcdserver: requested lease not found' };
    expect(await client.errorOf(LEASE_SERVICE.leaseRevoke, { id: 2n })).toEqual(missing);
    expect(await client.call(LEASE_SERVICE.leaseTimeToLive, { id: 2n, keys: true })).toMatchObject({
      id: 2n,
      ttl: -1,
      grantedTtl: 0,
      keys: [],
    });
  });

  it('are kept alive in the order of asking', async () => {
    await using fixture = await open();
    const { client } = fixture;
    await client.call(LEASE_SERVICE.leaseGrant, { id: 1n, ttl: 50 });
    await client.call(LEASE_SERVICE.leaseGrant, { id: 2n, ttl: 60 });
    using stream = client.stream(LEASE_SERVICE.leaseKeepAlive);
    for (const id of [2n, 3n, 1n]) stream.send({ id });
    const answers = [await stream.next(), await stream.next(), await stream.next()];
    expect(answers.map(({ id, ttl }) => [id, ttl])).toEqual([
      [2n, 60],
      [3n, 0],
      [1n, 50],
    ]);
    stream.finish();
    expect(await stream.end()).toBe('ended');
  });
}

function cluster(open: OpenEtcd): void {
  it('has this member, who leads', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { members, header } = await client.call(CLUSTER_SERVICE.memberList, { linearizable: true });
    expect(members).toHaveLength(1);
    expect(members[0]).toMatchObject({
      id: header?.memberId,
      isLearner: false,
      clientUrls: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)],
    });
    expect(header).toMatchObject({ revision: 0, raftTerm: expect.toSatisfy((term: bigint) => term >= 2n) });
    expect((await client.call(MAINTENANCE_SERVICE.status, {})).leader).toBe(header?.memberId);
  });

  it('refuses what it has not', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const unknown = { code: NOT_FOUND, message: 'etcdserver: member not found' };
    expect(await client.errorOf(CLUSTER_SERVICE.memberRemove, { id: 1n })).toEqual(unknown);
    expect(await client.errorOf(CLUSTER_SERVICE.memberUpdate, { id: 1n, peerUrls: ['http://127.0.0.1:1'] })).toEqual(unknown);
    expect(await client.errorOf(CLUSTER_SERVICE.memberPromote, { id: 1n })).toEqual(unknown);
    const badUrls = { code: INVALID, message: 'etcdserver: given member URLs are invalid' };
    expect(await client.errorOf(CLUSTER_SERVICE.memberAdd, { peerUrls: ['nonsense'] })).toEqual(badUrls);
    const { memberId } = (await client.call(KV_SERVICE.range, { key: bytes('a') })).header ?? { memberId: 0n };
    const noLearner = { code: FAILED_PRECONDITION, message: 'etcdserver: can only promote a learner member' };
    expect(await client.errorOf(CLUSTER_SERVICE.memberPromote, { id: memberId })).toEqual(noLearner);
    const nobody = { code: FAILED_PRECONDITION, message: 'etcdserver: bad leader transferee' };
    expect(await client.errorOf(MAINTENANCE_SERVICE.moveLeader, { targetId: 1n })).toEqual(nobody);
    expect(await client.errorOf(MAINTENANCE_SERVICE.moveLeader, { targetId: memberId })).toBe('OK');
  });
}

function maintenance(open: OpenEtcd): void {
  it('tells the status', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { header } = await put(client, 'a');
    const status = await client.call(MAINTENANCE_SERVICE.status, {});
    expect(status).toMatchObject({ header: { revision: header?.revision }, errors: [], isLearner: false });
    expect(status.version).toMatch(/^3\.\d+\.\d+$/);
    expect(status.dbSize).toBeGreaterThan(0);
    expect(status.dbSizeInUse).toBeGreaterThan(0);
    expect(status.raftIndex).toBeGreaterThanOrEqual(status.raftAppliedIndex);
    expect(status.raftTerm).toBe(Number(header?.raftTerm));
  });

  it('hashes a revision the same as long as nothing is compacted', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const revision = (await put(client, 'a', '1')).header?.revision ?? 0;
    const first = await client.call(MAINTENANCE_SERVICE.hashKV, { revision });
    await put(client, 'a', '2');
    const second = await client.call(MAINTENANCE_SERVICE.hashKV, { revision });
    expect([second.hash, second.compactRevision, second.header?.revision]).toEqual([first.hash, -1, revision + 1]);
    expect((await client.call(MAINTENANCE_SERVICE.hashKV, {})).hash).not.toBe(first.hash);
    expect((await client.call(MAINTENANCE_SERVICE.hash, {})).hash).toBeGreaterThan(0);
    const future = { code: OUT_OF_RANGE, message: 'etcdserver: mvcc: required revision is a future revision' };
    expect(await client.errorOf(MAINTENANCE_SERVICE.hashKV, { revision: revision + 100 })).toEqual(future);
    await client.call(KV_SERVICE.compact, { revision: revision + 1, physical: true });
    const compacted = { code: OUT_OF_RANGE, message: 'etcdserver: mvcc: required revision has been compacted' };
    expect(await client.errorOf(MAINTENANCE_SERVICE.hashKV, { revision })).toEqual(compacted);
  });

  it('gives space back', async () => {
    await using fixture = await open();
    expect(await fixture.client.call(MAINTENANCE_SERVICE.defragment, {})).toEqual({ header: undefined });
  });

  it('refuses to put while there is no space, until the alarm is disarmed', async () => {
    await using fixture = await open();
    const { client } = fixture;
    await put(client, 'a');
    const { memberId } = (await client.call(MAINTENANCE_SERVICE.status, {})).header ?? { memberId: 0n };
    const alarm = { memberId, alarm: ALARM_TYPE.noSpace };
    const all = { action: ALARM_ACTION.get, alarm: ALARM_TYPE.none };
    expect((await client.call(MAINTENANCE_SERVICE.alarm, all)).alarms).toEqual([]);
    expect((await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.activate, ...alarm })).alarms).toEqual([alarm]);
    expect((await client.call(MAINTENANCE_SERVICE.alarm, all)).alarms).toEqual([alarm]);
    expect((await client.call(MAINTENANCE_SERVICE.status, {})).errors).toEqual([`memberID:${memberId} alarm:NOSPACE `]);
    const noSpace = { code: RESOURCE_EXHAUSTED, message: 'etcdserver: mvcc: database space exceeded' };
    expect(await client.errorOf(KV_SERVICE.put, { key: bytes('a') })).toEqual(noSpace);
    expect(await client.errorOf(KV_SERVICE.txn, { failure: [{ put: { key: bytes('a') } }] })).toEqual(noSpace);
    expect(await client.errorOf(LEASE_SERVICE.leaseGrant, { ttl: 100 })).toEqual(noSpace);
    expect(await client.errorOf(KV_SERVICE.range, { key: bytes('a') })).toBe('OK');
    expect(await client.errorOf(KV_SERVICE.deleteRange, { key: bytes('a') })).toBe('OK');
    expect((await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.deactivate, ...alarm })).alarms).toEqual([alarm]);
    expect((await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.deactivate, ...alarm })).alarms).toEqual([]);
    expect(await client.errorOf(KV_SERVICE.put, { key: bytes('a') })).toBe('OK');
  });
}

function others(open: OpenEtcd): void {
  it('has no users', async () => {
    await using fixture = await open();
    const { client } = fixture;
    expect(await client.errorOf(AUTH_SERVICE.authenticate, {})).toMatchObject({
      message: expect.stringMatching(/^etcdserver: (authentication is not enabled|user name is empty)/),
    });
    expect(await client.errorOf(AUTH_SERVICE.authEnable, {})).toEqual({
      code: FAILED_PRECONDITION,
      message: 'etcdserver: root user does not exist',
    });
    expect(await client.errorOf(AUTH_SERVICE.authDisable, {})).toBe('OK');
  });

  it('is healthy', async () => {
    await using fixture = await open();
    const { client } = fixture;
    expect((await client.call(HEALTH_SERVICE.check, {})).status).toBe(HEALTH_STATUS.serving);
    expect(await client.errorOf(HEALTH_SERVICE.check, { service: 'nobody' })).toEqual({ code: NOT_FOUND, message: 'unknown service' });
    const watched = client.listen(HEALTH_SERVICE.watch, {});
    const status = await new Promise((resolve, reject) => watched.on('data', resolve).on('error', reject));
    expect(status).toEqual({ status: HEALTH_STATUS.serving });
    watched.on('error', (error) => error).cancel();
  });

  it('says what it does not know', async () => {
    await using fixture = await open();
    const unknown = { ...KV_SERVICE.range, path: '/etcdserverpb.KV/Nothing' };
    expect(await fixture.client.errorOf(unknown, { key: bytes('a') })).toEqual({
      code: UNIMPLEMENTED,
      message: 'unknown method Nothing for service etcdserverpb.KV',
    });
  });
}
