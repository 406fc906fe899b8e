import { describe, expect, it } from 'vitest';
import type { Live, LiveMeta, StorageClass } from '../../api/index.ts';
import { meta } from '../testing/builders.ts';
import { boundClaim, claimInPhase, provisionedClaim } from './claim-changes.ts';
import { type Claim, couldHave, planClaim, type Volume } from './plan-claim.ts';
import { planReclaim, planVolume, unboundVolume } from './plan-volume.ts';
import { externalProvisioner } from './plugins.ts';

const COMPLETED = { 'pv.kubernetes.io/bind-completed': 'yes' };
const BY_US = { 'pv.kubernetes.io/bound-by-controller': 'yes' };

const claim = (
  spec: Claim['spec'] = {},
  { status = { phase: 'Pending' }, ...metadata }: Partial<LiveMeta> & { status?: Claim['status'] } = {},
): Claim => ({
  metadata: meta('c', metadata),
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '', ...spec },
  status,
});
const volume = (
  name: string,
  spec: Volume['spec'] = {},
  { phase = 'Available', ...metadata }: Partial<LiveMeta> & { phase?: string } = {},
): Volume => ({
  metadata: meta(name, { namespace: undefined, ...metadata }),
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', ...spec },
  status: { phase },
});
const ref = (more: object = {}) => ({ claimRef: { namespace: 'default', name: 'c', uid: 'uid-c', ...more } });
const aClass = (name: string, more: Partial<StorageClass> = {}): Live<StorageClass> => ({
  provisioner: 'x.io/y',
  ...more,
  metadata: meta(name),
});

const plan = (of: Claim, { volumes = [] as Volume[], classes = [] as Live<StorageClass>[], pods = [] as string[] } = {}) =>
  planClaim(of, {
    volumes,
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    storageClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    storageClasses: () => classes,
    waitingPods: () => pods,
  });
/** What is done, and about which volume or with which reason. */
const short = (made: ReturnType<typeof plan>): string => {
  if (made.action === 'bind') return `bind ${made.volume.metadata.name}`;
  if (made.action === 'classify') return `classify ${made.className}`;
  if (made.action === 'provision') return `provision by ${made.provisioner.name}`;
  return made.notice ? `${made.action} ${made.notice.reason}: ${made.notice.message}` : made.action;
};

describe('a claim that is not bound', () => {
  const lazy = aClass('lazy', { volumeBindingMode: 'WaitForFirstConsumer' });
  const marked = aClass('std', {});
  marked.metadata.annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };

  it.each<[string, Parameters<typeof plan>]>([
    [
      'bind fewest',
      [
        claim(),
        {
          volumes: [volume('many', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), volume('fewest', { capacity: { storage: '9Gi' } })],
        },
      ],
    ],
    [
      'bind both',
      [
        claim({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }),
        { volumes: [volume('one'), volume('both', { accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] })] },
      ],
    ],
    ['wait', [claim(), { volumes: [volume('just come', {}, { phase: 'Pending' })] }]],
    [
      'wait',
      [claim({ storageClassName: 'nobody’s' }), { volumes: [volume('just come', { storageClassName: 'nobody’s' }, { phase: 'Pending' })] }],
    ],
    ['bind v', [claim(), { volumes: [volume('just come', {}, { phase: 'Pending' }), volume('v')] }]],
    [
      'wait FailedBinding: no persistent volumes available for this claim and no storage class is set',
      [claim(), { volumes: [volume('too small', { capacity: { storage: '1Mi' } }, { phase: 'Pending' })] }],
    ],
    [
      'wait FailedBinding: no persistent volumes available for this claim and no storage class is set',
      [claim(), { volumes: [volume('somebody’s', ref({ name: 'else', uid: undefined }), { phase: 'Pending' })] }],
    ],
    ['classify std', [claim({ storageClassName: undefined }), { classes: [marked] }]],
    ['bind v', [claim({ storageClassName: undefined }), { classes: [marked], volumes: [volume('v')] }]],
    ['provision by x.io/y', [claim({ storageClassName: 'std' }), { classes: [marked] }]],
    [
      'provision by ebs.csi.aws.com',
      [claim({ storageClassName: 'ebs' }), { classes: [aClass('ebs', { provisioner: 'kubernetes.io/aws-ebs' })] }],
    ],
    [
      'wait WaitForFirstConsumer: waiting for first consumer to be created before binding',
      [claim({ storageClassName: 'lazy' }), { classes: [lazy], volumes: [volume('v', { storageClassName: 'lazy' })] }],
    ],
    [
      'wait WaitForPodScheduled: waiting for pod p to be scheduled',
      [claim({ storageClassName: 'lazy' }), { classes: [lazy], pods: ['p'] }],
    ],
    [
      'wait WaitForPodScheduled: waiting for pods p,q to be scheduled',
      [claim({ storageClassName: 'lazy' }), { classes: [lazy], pods: ['p', 'q'] }],
    ],
    [
      'provision by x.io/y',
      [claim({ storageClassName: 'lazy' }, { annotations: { 'volume.kubernetes.io/selected-node': 'n' } }), { classes: [lazy] }],
    ],
    ['bind v', [claim({ storageClassName: 'lazy' }), { classes: [lazy], volumes: [volume('v', { storageClassName: 'lazy', ...ref() })] }]],
    ['wait', [claim({ volumeName: 'gone' })]],
    ['bind v', [claim({ volumeName: 'v' }), { volumes: [volume('v')] }]],
    [
      'wait VolumeMismatch: Cannot bind to requested volume "v": incompatible accessMode',
      [claim({ volumeName: 'v' }), { volumes: [volume('v', { accessModes: ['ReadOnlyMany'] })] }],
    ],
    [
      'wait VolumeMismatch: Cannot bind to requested volume "v": storageClassName does not match',
      [claim({ volumeName: 'v' }), { volumes: [volume('v', { storageClassName: 'x' })] }],
    ],
    [
      'wait VolumeMismatch: Cannot bind to requested volume "v": incompatible volumeMode',
      [claim({ volumeName: 'v' }), { volumes: [volume('v', { volumeMode: 'Block' })] }],
    ],
    [
      'wait FailedBinding: volume "v" already bound to a different claim.',
      [claim({ volumeName: 'v' }), { volumes: [volume('v', ref({ uid: 'else' }))] }],
    ],
    [
      'refuse FailedBinding: volume "v" already bound to a different claim.',
      [claim({ volumeName: 'v' }, { annotations: BY_US }), { volumes: [volume('v', ref({ uid: 'else' }))] }],
    ],
    [
      'refuse ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
      [claim({ storageClassName: 'local' }), { classes: [aClass('local', { provisioner: 'kubernetes.io/no-provisioner' })] }],
    ],
  ])('%s', (wanted, args) => {
    expect(short(plan(...args))).toBe(wanted);
  });

  it('is worth a look when a volume that would do becomes free', () => {
    expect(couldHave(claim(), volume('v'))).toBe(true);
    expect(couldHave(claim({ volumeName: 'w' }), volume('v'))).toBe(false);
    expect(couldHave(claim({}, { annotations: COMPLETED }), volume('v'))).toBe(false);
    expect(couldHave(claim({ accessModes: ['ReadOnlyMany'] }), volume('v'))).toBe(false);
  });
});

describe('a claim that was bound', () => {
  const bound = (spec: Claim['spec']) => claim(spec, { annotations: COMPLETED, status: { phase: 'Bound' } });

  it.each<[string, Parameters<typeof plan>]>([
    ['lose ClaimLost: Bound claim has lost reference to PersistentVolume. Data on the volume is lost!', [bound({})]],
    ['lose ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!', [bound({ volumeName: 'v' })]],
    ['bind v', [bound({ volumeName: 'v' }), { volumes: [volume('v', ref())] }]],
    ['bind v', [bound({ volumeName: 'v' }), { volumes: [volume('v')] }]],
    [
      'lose ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly',
      [bound({ volumeName: 'v' }), { volumes: [volume('v', ref({ uid: 'else' }))] }],
    ],
  ])('%s', (wanted, args) => {
    expect(short(plan(...args))).toBe(wanted);
  });
});

describe('changes of a claim', () => {
  it('are none when all is said', () => {
    const done = claim(
      { volumeName: 'v' },
      { annotations: COMPLETED, status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] } },
    );
    expect(boundClaim(done, volume('v'))).toBeUndefined();
    expect(claimInPhase(done, 'Bound', volume('v'))).toBeUndefined();
    expect(claimInPhase(claim(), 'Pending', undefined)).toBeUndefined();
    const asked = provisionedClaim(claim(), { name: 'x' });
    expect(asked && provisionedClaim(asked, { name: 'x' })).toBeUndefined();
  });

  it('do not claim what the user chose', () => {
    expect(boundClaim(claim({ volumeName: 'v' }), volume('v'))?.metadata.annotations).toEqual(COMPLETED);
    expect(boundClaim(claim(), volume('v'))?.metadata.annotations).toEqual({ ...COMPLETED, ...BY_US });
  });

  it('leave the size alone once bound: it may lag behind the volume’s', () => {
    const status = { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
    expect(claimInPhase(claim({}, { status }), 'Bound', volume('v', { capacity: { storage: '5Gi' } }))).toBeUndefined();
    const annotations = { 'volume.alpha.kubernetes.io/pre-resize-capacity': '1Gi' };
    const fresh = claimInPhase(claim(), 'Bound', volume('v', { capacity: { storage: '5Gi' } }, { annotations }));
    expect(fresh?.status.capacity).toEqual({ storage: '1Gi' });
  });

  it('take size and modes away with the volume', () => {
    const status = { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
    expect(claimInPhase(claim({}, { status }), 'Lost', undefined)?.status).toEqual({ phase: 'Lost' });
  });
});

describe('a volume', () => {
  const action = (of: Volume, its?: Claim) => planVolume(of, its).action;
  const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': 'x' } };

  it('is available, bound, or released with its claim', () => {
    expect(planVolume(volume('v'), undefined)).toEqual({ action: 'phase', phase: 'Available' });
    expect(planVolume(volume('v', ref({ uid: undefined })), claim())).toEqual({ action: 'phase', phase: 'Available' });
    expect(planVolume(volume('v', ref()), claim({ volumeName: 'v' }))).toEqual({ action: 'phase', phase: 'Bound' });
    expect(action(volume('v', ref()), claim())).toBe('wakeClaim');
    expect(action(volume('v', ref()))).toBe('release');
    expect(action(volume('v', { ...ref(), volumeMode: 'Block' }), claim())).toBe('mismatch');
  });

  it('whose claim has another is free again, or deleted if it was made for the claim', () => {
    const elsewhere = claim({ volumeName: 'w' });
    expect(action(volume('v', ref()), elsewhere)).toBe('unbind');
    expect(action(volume('v', { ...ref(), persistentVolumeReclaimPolicy: 'Delete' }, provisioned), elsewhere)).toBe('release');
    expect(action(volume('v', { ...ref(), persistentVolumeReclaimPolicy: 'Retain' }, provisioned), elsewhere)).toBe('unbind');
  });

  it('that is freed keeps what its maker wrote', () => {
    expect(unboundVolume(volume('v', ref())).spec.claimRef).toMatchObject({ name: 'c', uid: undefined });
    const ours = unboundVolume(volume('v', ref(), { annotations: { ...BY_US, other: 'x' } }));
    expect([ours.spec.claimRef, ours.metadata.annotations]).toEqual([undefined, { other: 'x' }]);
  });

  it.each<[string, string, Volume['spec'], object?]>([
    ['keep', 'Retain', {}],
    ['keep', 'Delete', { csi: { driver: 'd', volumeHandle: 'h' } }],
    ['keep', 'Delete', { hostPath: { path: '/x' } }, provisioned],
    ['delete', 'Delete', { hostPath: { path: '/tmp/x' } }],
    ['fail: host_path deleter only supports /tmp/.+ but received provided /x', 'Delete', { hostPath: { path: '/x' } }],
    ['fail: error getting deleter volume plugin for volume "v": no deletable volume plugin matched', 'Delete', { local: { path: '/x' } }],
    ['recycle', 'Recycle', { nfs: { server: 's', path: '/' } }],
    ['fail: No recycler plugin found for the volume!', 'Recycle', { local: { path: '/x' } }],
    ['fail: Volume has unrecognized PersistentVolumeReclaimPolicy', 'Burn', {}],
  ])('%s with %s of %j', (wanted, persistentVolumeReclaimPolicy, spec, metadata = {}) => {
    const made = planReclaim(volume('v', { ...spec, persistentVolumeReclaimPolicy }, metadata));
    expect(made.action === 'fail' ? `fail: ${made.notice.message}` : made.action).toBe(wanted);
  });
});

it('plugins of old are their CSI drivers, and others of upstream are none', () => {
  expect(externalProvisioner('kubernetes.io/gce-pd')).toEqual({ name: 'pd.csi.storage.gke.io' });
  expect(externalProvisioner('kubernetes.io/host-path')).toContain('is disabled');
  expect(externalProvisioner('a.b/c')).toEqual({ name: 'a.b/c' });
});
