/** A part of a volume that cannot be mounted; which is all that a kubelet tells of it. */
export class SubPathError extends Error {
  override readonly name = 'SubPathError';

  constructor(step: 'prepare' | 'create') {
    super(step === 'prepare' ? 'failed to prepare subPath' : 'failed to create subPath directory');
  }
}
