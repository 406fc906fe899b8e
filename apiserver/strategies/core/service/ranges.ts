import { type IpFamily, networkingKinds, type ServiceCIDR } from '../../../../api/index.ts';
import { IpRange } from '../../../allocators/ip-range.ts';
import type { StrategyOptions } from '../../../registry/strategy.ts';
import { listOf } from '../../../validation/field-errors.ts';

/**
 * The addresses that Services can have: those of the option, and those of ServiceCIDRs, which users add. Upstream: `MetaAllocator`
 * (`pkg/registry/core/service/ipallocator/cidrallocator.go`).
 */
export class ServiceRanges {
  /** One, or one of each family; the default one first. */
  readonly #own: readonly IpRange[];
  readonly #objects: StrategyOptions['objects'];

  constructor({ serviceClusterIpRange, objects }: Pick<StrategyOptions, 'serviceClusterIpRange' | 'objects'>) {
    this.#own = serviceClusterIpRange.split(',').map((range) => new IpRange(range));
    this.#objects = objects;
  }

  /** The families that Services can be of, which only the option says. */
  get families(): readonly IpFamily[] {
    return this.#own.map(({ family }) => family);
  }

  /** The ranges of a family, the option's first, unless the ServiceCIDRs that name it are all on their way out. */
  of(family: string): readonly IpRange[] {
    const cidrs = this.#objects.list<ServiceCIDR>(networkingKinds.servicecidrs);
    const ready = rangesOf(cidrs.filter(isReady));
    const gone = rangesOf(cidrs.filter((cidr) => !isReady(cidr))).filter((range) => !isAmong(range, ready));
    const own = this.#own.filter((range) => !isAmong(range, gone));
    const others = ready.filter((range) => !isAmong(range, own));
    return [...own, ...others].filter((range) => range.family === family);
  }
}

const rangesOf = (cidrs: readonly ServiceCIDR[]): IpRange[] =>
  cidrs.flatMap(({ spec }) => listOf(spec.cidrs).map((range) => new IpRange(range)));

const isAmong = ({ text }: IpRange, ranges: readonly IpRange[]): boolean => ranges.some((range) => range.text === text);

/** One that no controller has judged counts as ready. */
function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp) return false;
  const ready = listOf(status.conditions).find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}
