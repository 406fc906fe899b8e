import { networkingKinds, type ServiceCIDR } from '../../../../api/index.ts';
import { type IpFamily, IpRange } from '../../../allocators/ip-range.ts';
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

  /** The ranges of a family, the option's first. */
  of(family: string): readonly IpRange[] {
    const own = this.#own.filter((range) => range.family === family);
    const others = this.#added().filter((range) => range.family === family && own.every(({ text }) => text !== range.text));
    return [...own, ...others];
  }

  #added(): IpRange[] {
    const cidrs = this.#objects.list<ServiceCIDR>(networkingKinds.servicecidrs).filter(isReady);
    return cidrs.flatMap(({ spec }) => listOf(spec.cidrs).map((range) => new IpRange(range)));
  }
}

/** One that no controller has judged counts as ready. */
function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp) return false;
  const ready = listOf(status.conditions).find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}
